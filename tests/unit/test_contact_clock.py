from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from kiosk.clock import BootTime
from sync.agent.contact_clock import ContactClock

NOON = dt.datetime(2026, 5, 4, 4, tzinfo=dt.UTC)
SECOND_NS = 10**9


def clock(*seconds: float) -> ContactClock:
    """Its counting clock shows these seconds one after another."""
    ticks: Iterator[float] = iter(seconds)
    return ContactClock(
        boot=lambda: BootTime("boot-1", int(next(ticks) * SECOND_NS)),
        wall=lambda: NOON,
    )


def test_slow_answer_counts_for_the_middle_of_its_way() -> None:
    asked = clock(100, 130)

    asked.sending()
    asked.heard(NOON)

    assert asked.answered_at() == BootTime("boot-1", 115 * SECOND_NS)


def test_repeat_is_sent_with_its_own_time_and_what_was_heard_before() -> None:
    asked = clock(100, 101, 160, 170)

    first = asked.sending()
    asked.heard(NOON)
    second, third = asked.sending(), asked.sending()

    assert first.heard is None
    assert (second.monotonic_ns, third.monotonic_ns) == (
        160 * SECOND_NS,
        170 * SECOND_NS,
    )
    assert third.heard is not None
    assert (third.heard.hub_time, third.heard.monotonic_ns) == (NOON, 101 * SECOND_NS)
