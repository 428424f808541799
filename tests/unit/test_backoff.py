from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.agent.backoff import backoff_s, slot_s
from sync.retry_after import CAP_S, retry_after_s

JUST_BELOW_ONE = 0.999999
DATE = "Mon, 02 Mar 2026 08:00:00 GMT"


def test_no_failure_means_no_wait() -> None:
    assert backoff_s(0, JUST_BELOW_ONE) == 0


@pytest.mark.parametrize(
    ("failures", "bound_s"), [(1, 1), (2, 2), (3, 4), (10, 512), (11, 900), (9999, 900)]
)
def test_the_bound_doubles_up_to_the_cap(failures: int, bound_s: float) -> None:
    assert backoff_s(failures, JUST_BELOW_ONE) == pytest.approx(bound_s, rel=1e-3)


def test_the_jitter_is_full() -> None:
    assert backoff_s(5, 0.0) == 0
    assert backoff_s(5, 0.5) == 8


def test_a_lower_cap_holds() -> None:
    assert backoff_s(50, JUST_BELOW_ONE, cap_s=15) < 15


@pytest.mark.fault("O22")
@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        (None, None),
        ("", None),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("１５", None),
        ("7", 7),
        (" 120 ", 120),
        ("1000000000", CAP_S),
        ("9" * 5000, CAP_S),
        ("Mon, 02 Mar 2026 08:02:00 GMT", 120),
        ("Mon, 02 Mar 2026 07:00:00 GMT", None),
        ("Fri, 02 Mar 2096 08:00:00 GMT", CAP_S),
        ("Mon, 99 Mar 2026 08:00:00 GMT", None),
        ("Mon, 02 Mar 2026 08:02:00 +99999999999999", None),
    ],
)
def test_retry_after_is_clamped(value: str | None, expected_s: float | None) -> None:
    assert retry_after_s(value, DATE) == expected_s


def test_a_date_without_the_hubs_own_date_says_nothing() -> None:
    assert retry_after_s("Mon, 02 Mar 2026 08:02:00 GMT", None) is None


def test_a_slot_is_never_entered_early_and_only_slightly_late() -> None:
    assert slot_s(100, 0.0) == 100
    assert slot_s(100, JUST_BELOW_ONE) == pytest.approx(110, rel=1e-3)


def test_short_slots_are_spread_over_a_second() -> None:
    assert slot_s(2, 0.0) == 2
    assert slot_s(2, JUST_BELOW_ONE) == pytest.approx(3, rel=1e-3)


def test_a_slot_is_never_beyond_the_cap() -> None:
    assert slot_s(CAP_S, JUST_BELOW_ONE) == CAP_S


@given(st.text(), st.one_of(st.none(), st.text()))
def test_any_header_gives_a_wait_within_the_policy(
    value: str, date: str | None
) -> None:
    seconds = retry_after_s(value, date)

    assert seconds is None or 0 < seconds <= CAP_S
