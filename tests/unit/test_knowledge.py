from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.values import Loan, county_day
from kiosk.service.knowledge import overlay
from sync.protocol import Clock, Event, Json, Kind, Mode

NOON = dt.datetime(2026, 5, 4, 4, 0, tzinfo=dt.UTC)
DUE = dt.date(2026, 6, 3)


def event(
    seq: int,
    kind: Kind,
    item: str | None = "B1",
    *,
    patron: str = "P1",
    loan: str = "L1",
    mode: Mode = Mode.FACT,
    payload: Json | None = None,
) -> Event:
    return Event(
        event_id=f"event-{seq}",
        kiosk_id="K-1",
        epoch="e",
        seq=seq,
        kind=kind,
        occurred_at=NOON,
        boot_id="b",
        monotonic_ns=seq,
        clock=Clock.SYNCED,
        mode=mode,
        item=item,
        patron_ref=patron,
        loan_ref=loan,
        payload={"due_on": DUE.isoformat()} if payload is None else payload,
    )


def loan(item: str = "B1", patron: str = "P1", ref: str = "L1") -> Loan:
    return Loan(ref, item, patron, NOON, DUE)


def test_a_checkout_that_is_a_fact_lends() -> None:
    assert overlay([], [event(1, Kind.CHECKOUT)]) == {"B1": loan()}


def test_an_ask_lends_only_once_it_is_confirmed() -> None:
    asked = event(1, Kind.CHECKOUT, mode=Mode.ASK)

    assert overlay([], [asked]) == {}
    assert overlay([], [asked, event(2, Kind.CONFIRMED)]) == {"B1": loan()}
    assert overlay([], [asked, event(2, Kind.WITHDRAWN)]) == {}


def test_a_checkin_ends_whatever_loan_there_is() -> None:
    assert overlay([loan(ref="other")], [event(1, Kind.CHECKIN)]) == {}


def test_a_withdrawn_ask_undoes_its_own_loan_and_no_other() -> None:
    withdrawn = event(1, Kind.WITHDRAWN)

    assert overlay([loan()], [withdrawn]) == {}
    assert overlay([loan(ref="other")], [withdrawn]) == {"B1": loan(ref="other")}


def test_later_events_win() -> None:
    back_and_out = [
        event(1, Kind.CHECKIN),
        event(2, Kind.CHECKOUT, patron="P2", loan="L2"),
    ]

    assert overlay([loan()], back_and_out) == {"B1": loan(patron="P2", ref="L2")}
    assert overlay([loan()], list(reversed(back_and_out))) == {}


def test_events_without_a_book_change_nothing() -> None:
    over = event(1, Kind.SESSION_ENDED, item=None)

    assert overlay([loan()], [over]) == {"B1": loan()}


def test_a_loan_whose_date_follows_is_not_late() -> None:
    undated = event(1, Kind.CHECKOUT, payload={"due_on": None})

    assert overlay([], [undated])["B1"].due_on == dt.date.max


ITEMS = st.sampled_from(["B1", "B2", "B3"])
EVENTS = st.lists(
    st.builds(
        event,
        seq=st.integers(1, 9),
        kind=st.sampled_from(
            [Kind.CHECKOUT, Kind.CHECKIN, Kind.CONFIRMED, Kind.WITHDRAWN]
        ),
        item=ITEMS,
        patron=st.sampled_from(["P1", "P2"]),
        loan=st.sampled_from(["L1", "L2", "L3"]),
        mode=st.sampled_from(list(Mode)),
    ),
    max_size=8,
)
LOANS = st.lists(st.builds(loan, item=ITEMS), unique_by=lambda each: each.item)


@given(LOANS, EVENTS)
def test_own_events_that_the_mirror_shows_already_change_nothing(
    loans: list[Loan], own: list[Event]
) -> None:
    once = overlay(loans, own)

    assert overlay(once.values(), own) == once


@given(LOANS, EVENTS)
def test_books_do_not_touch_each_other(loans: list[Loan], own: list[Event]) -> None:
    together = overlay(loans, own)

    apart: dict[str, Loan] = {}
    for item in ("B1", "B2", "B3"):
        apart |= overlay(
            [each for each in loans if each.item == item],
            [each for each in own if each.item == item],
        )
    assert together == apart


@given(LOANS, EVENTS, st.integers(0, 8))
def test_what_is_shown_up_to_a_point_goes_on_from_there(
    loans: list[Loan], own: list[Event], shown: int
) -> None:
    mirrored = overlay(loans, own[:shown])

    assert overlay(mirrored.values(), own[shown:]) == overlay(loans, own)


def test_the_county_turns_to_a_new_day_at_its_own_midnight() -> None:
    late = dt.datetime(2026, 5, 4, 15, 59, tzinfo=dt.UTC)

    assert county_day(late) == dt.date(2026, 5, 4)
    assert county_day(late + dt.timedelta(minutes=1)) == dt.date(2026, 5, 5)
