"""Each row of the county's decision table, on a real database.

A row says what came before, what comes now, and what the hub makes of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.hub.catalogue import put_items
from sync.hub.patrons import PatronRecord
from sync.protocol import Clock, Event, Kind, Outcome
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

HOUR = 60 * MINUTE
NOTICE, STAFF = Outcome.ACCEPTED_WITH_NOTICE, Outcome.NEEDS_STAFF
ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED

#: When facts arrive.
_LATE = NOON + 20 * DAY

#: Tells what happened so far, and makes the event to decide upon.
Story = Callable[[County], Event]


@dataclass(frozen=True)
class Row:
    """`open_loans` and `cases` are those of the whole county afterwards."""

    name: str
    story: Story
    outcome: Outcome
    reason: str | None = None
    open_loans: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    due_on: dt.date | None = None


def _lent(here: County, reader: str = "R1", at: dt.datetime = NOON) -> None:
    here.send(here.k1.lends("YL0001", here.refs[reader], at, loan_ref="L"))


def _to_r2_elsewhere(here: County) -> Event:
    _lent(here)
    return here.k2.lends("YL0001", here.refs["R2"], NOON + DAY)


def _of_before(here: County) -> Event:
    _lent(here, "R2", NOON + DAY)
    return here.k2.lends("YL0001", here.refs["R1"], NOON)


def _again(here: County, due_on: str) -> Event:
    _lent(here)
    payload = {"due_on": due_on}
    return here.k2.lends("YL0001", here.refs["R1"], NOON + 9 * DAY, payload=payload)


def _unsure(here: County) -> Event:
    _lent(here)
    here.k2.clock = Clock.GUESSED
    return here.k2.lends("YL0001", here.refs["R2"], NOON + MINUTE)


def _barred(here: County, state: PatronState) -> Event:
    here.put_patron(PatronRecord("R1", "张建华", "ADULT", state=state))
    return here.k1.lends("YL0001", here.refs["R1"])


def _overflow(here: County) -> Event:
    for number in (2, 3):
        here.send(here.k1.lends(f"YL000{number}", here.refs["R3"]))
    return here.k1.lends("YL0001", here.refs["R3"], NOON + MINUTE)


def _next_after_overflow(here: County) -> Event:
    here.send(_overflow(here))
    return here.k1.asks("YL0004", here.refs["R3"], NOON + HOUR)


def _below_again(here: County) -> Event:
    here.send(_overflow(here))
    for number in (2, 3):
        here.send(here.k1.takes_back(f"YL000{number}", NOON + HOUR))
    return here.k1.asks("YL0004", here.refs["R3"], NOON + 2 * HOUR)


def _in_state(here: County, state: ItemState) -> Event:
    item = here.item("YL0001")
    assert item is not None
    with here.hub.database.writing() as conn:
        put_items(conn, [dataclasses.replace(item, state=state)])
    return here.k1.takes_back("YL0001")


def _held(here: County, what: dict[str, object], reader: str = "R2") -> None:
    event = here.k1.event(Kind.HOLD_PLACE, NOON, patron_ref=here.refs[reader], **what)
    here.send(event)


COPY: dict[str, object] = {"item": "YL0001"}
TITLE: dict[str, object] = {"payload": {"title_id": "t1"}}


def _lent_on_hold(here: County, what: dict[str, object]) -> Event:
    _held(here, what)
    return here.k1.lends("YL0001", here.refs["R1"], NOON + HOUR)


def _asked_on_hold(here: County, what: dict[str, object]) -> Event:
    _held(here, what)
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def _elsewhere_on_hold(here: County) -> Event:
    _held(here, TITLE)
    return here.k2.asks("YL0001", here.refs["R1"], NOON + HOUR)


def _own_hold(here: County) -> Event:
    _held(here, COPY, "R1")
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def _given_up(here: County) -> Event:
    hold = here.k1.event(Kind.HOLD_PLACE, NOON, patron_ref=here.refs["R2"], **COPY)
    gone = here.k2.event(
        Kind.HOLD_CANCEL, NOON, patron_ref=here.refs["R2"], refers_to=hold.event_id
    )
    here.send(hold)
    here.send(gone)
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def _served(here: County) -> Event:
    _held(here, TITLE)
    here.send(here.k1.lends("YL0002", here.refs["R2"], NOON + MINUTE))
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def _back_for_a_hold(here: County) -> Event:
    _lent(here)
    _held(here, COPY)
    return here.k2.takes_back("YL0001", NOON + DAY)


def _renewed(here: County, reader: str, due_on: str, **fields: object) -> Event:
    payload = {"due_on": due_on}
    named = {"item": "YL0001", "patron_ref": here.refs[reader], "loan_ref": "L"}
    return here.k2.event(Kind.RENEW, NOON + 9 * DAY, payload=payload, **named, **fields)


def _renewal(here: County, reader: str = "R1", due_on: str = "2026-08-11") -> Event:
    _lent(here)
    return _renewed(here, reader, due_on)


def _renewal_on_hold(here: County, mode: str) -> Event:
    _lent(here)
    _held(here, COPY)
    return _renewed(here, "R1", "2026-08-11", mode=mode)


def _second_renewal(here: County) -> Event:
    here.send(_renewal(here), now=_LATE)
    return _renewed(here, "R1", "2026-08-14")


def _promised(here: County, due_on: str) -> Event:
    return here.k1.lends("YL0001", here.refs["R1"], payload={"due_on": due_on})


def _at(here: County, at: dt.datetime) -> Event:
    return here.k1.lends("YL0001", here.refs["R1"], at)


def _part_of_a_set(here: County) -> Event:
    """Lent and brought back within one session; the second tag says so again."""
    _lent(here)
    here.send(here.k1.takes_back("YL0001", NOON + MINUTE))
    return here.k1.takes_back("YL0001", NOON + MINUTE)


def _lent_again_at_once(here: County) -> Event:
    _lent(here)
    here.send(here.k1.takes_back("YL0001", NOON))
    return here.k1.lends("YL0001", here.refs["R1"], NOON)


def _stale(here: County) -> Event:
    _lent(here, at=NOON + DAY)
    return here.k2.takes_back("YL0001", NOON)


def _quoted_after(here: County) -> Event:
    """The kiosk that took it back knew the loan; its clock was behind."""
    _lent(here, at=NOON + DAY)
    return here.k2.takes_back("YL0001", NOON, loan_ref="L")


R1, R2 = {"YL0001": "R1"}, {"YL0001": "R2"}
R3_ALL = {f"YL000{number}": "R3" for number in (1, 2, 3)}
DUE, RENEWED = dt.date(2026, 8, 2), dt.date(2026, 8, 11)
MILD, BARRED = {"lent_against_rules": "low"}, {"lent_against_rules": "medium"}
PASSED = {"lent_while_on_hold": "medium"}

ROWS = (
    # --- loans
    Row("not on loan", lambda c: _at(c, NOON), ACCEPTED, None, R1, {}, DUE),
    Row(
        "on loan to another, before",
        _to_r2_elsewhere,
        NOTICE,
        "loan_displaced",
        R2,
        {"loan_displaced": "medium"},
    ),
    Row(
        "on loan to another, since after the event",
        _of_before,
        ACCEPTED,
        None,
        R2,
        {"loan_displaced": "medium"},
        DUE,
    ),
    Row(
        "on loan to the same, longer",
        lambda c: _again(c, "2026-08-11"),
        NOTICE,
        "loan_renewed_by_loan",
        R1,
        {"loan_renewed_by_loan": "low"},
        RENEWED,
    ),
    Row(
        "on loan to the same, never shorter",
        lambda c: _again(c, "2026-07-20"),
        NOTICE,
        "loan_repeated",
        R1,
        {"loan_repeated": "low"},
        DUE,
    ),
    Row(
        "two kiosks, uncertain order",
        _unsure,
        STAFF,
        "loans_overlap",
        R2,
        {"loans_overlap": "high"},
    ),
    Row(
        "reader suspended",
        lambda c: _barred(c, PatronState.SUSPENDED),
        NOTICE,
        "lent_against_rules",
        R1,
        BARRED,
    ),
    Row(
        "card lost",
        lambda c: _barred(c, PatronState.LOST),
        NOTICE,
        "lent_against_rules",
        R1,
        BARRED,
    ),
    Row("overflow", _overflow, NOTICE, "lent_against_rules", R3_ALL, MILD),
    Row("next after overflow", _next_after_overflow, REFUSED, "E-LIMIT", R3_ALL, MILD),
    Row("below the limit again", _below_again, ACCEPTED, None, {"YL0001": "R3"}, MILD),
    Row(
        "reader unknown",
        lambda c: c.k1.lends("YL0001", "nobody-we-know"),
        STAFF,
        "patron_unknown",
        {"YL0001": "nobody-we-know"},
        {"patron_unknown": "high"},
    ),
    Row(
        "item unknown",
        lambda c: c.k1.lends("NEW1", c.refs["R1"]),
        NOTICE,
        "item_unknown",
        {"NEW1": "R1"},
        {"item_unknown": "medium"},
    ),
    Row(
        "promised before the day of the loan",
        lambda c: _promised(c, "2026-07-02"),
        NOTICE,
        "promise_not_kept",
        R1,
        {"promise_not_kept": "medium"},
        DUE,
    ),
    Row(
        "promised three days beyond any period",
        lambda c: _promised(c, "2026-08-05"),
        ACCEPTED,
        None,
        R1,
        {},
        dt.date(2026, 8, 5),
    ),
    Row(
        "promised four days beyond any period",
        lambda c: _promised(c, "2026-08-06"),
        NOTICE,
        "promise_not_kept",
        R1,
        {"promise_not_kept": "medium"},
        DUE,
    ),
    Row(
        "older than anything stays unsent",
        lambda c: _at(c, NOON - 500 * DAY),
        STAFF,
        "clock_not_believed",
        R1,
        {"clock_not_believed": "high"},
    ),
    Row(
        "more than ten minutes ahead",
        lambda c: _at(c, _LATE + 11 * MINUTE),
        STAFF,
        "clock_not_believed",
        R1,
        {"clock_not_believed": "high"},
    ),
    # --- returns
    Row("return of what is in", lambda c: c.k1.takes_back("YL0001"), ACCEPTED),
    Row(
        "return elsewhere",
        lambda c: c.k2.takes_back("YL0001"),
        NOTICE,
        "return.other_site",
    ),
    Row("stale return", _stale, NOTICE, "return_stale", R1),
    Row("return that quotes its loan", _quoted_after, NOTICE, "return.other_site"),
    Row(
        "return of the unknown",
        lambda c: c.k1.takes_back("NEW1"),
        NOTICE,
        "item_unknown",
        {},
        {"item_unknown": "medium"},
    ),
    Row(
        "lost item seen",
        lambda c: _in_state(c, ItemState.LOST),
        NOTICE,
        "item_found",
        {},
        {"item_found": "low"},
    ),
    Row("returned twice in a session", _part_of_a_set, ACCEPTED),
    Row("lent again at once", _lent_again_at_once, ACCEPTED, None, R1, {}, DUE),
    # --- renewals
    Row("renewal", _renewal, ACCEPTED, None, R1, {}, RENEWED),
    Row(
        "renewal of another's loan",
        lambda c: _renewal(c, "R2"),
        NOTICE,
        "renewal_without_loan",
        R1,
        {"renewal_without_loan": "low"},
    ),
    Row(
        "renewal that would shorten",
        lambda c: _renewal(c, due_on="2026-07-20"),
        NOTICE,
        "renewal_not_given",
        R1,
        {"renewal_not_given": "low"},
        DUE,
    ),
    Row(
        "renewal with none left",
        _second_renewal,
        NOTICE,
        "renewal_not_given",
        R1,
        {"renewal_not_given": "low"},
        RENEWED,
    ),
    Row(
        "renewal asked for while on hold",
        lambda c: _renewal_on_hold(c, "ask"),
        REFUSED,
        "E-RENEW-HELD",
        R1,
    ),
    Row(
        "renewal that happened while on hold",
        lambda c: _renewal_on_hold(c, "fact"),
        NOTICE,
        "renewed_while_on_hold",
        R1,
        {"renewed_while_on_hold": "low"},
        RENEWED,
    ),
    # --- holds
    Row(
        "copy on hold is lent",
        lambda c: _lent_on_hold(c, COPY),
        NOTICE,
        "lent_while_on_hold",
        R1,
        PASSED,
    ),
    Row(
        "title on hold here is lent",
        lambda c: _lent_on_hold(c, TITLE),
        NOTICE,
        "lent_while_on_hold",
        R1,
        PASSED,
    ),
    Row(
        "copy on hold is asked for",
        lambda c: _asked_on_hold(c, COPY),
        REFUSED,
        "E-ITEM-HELD",
    ),
    Row(
        "title on hold here is asked for",
        lambda c: _asked_on_hold(c, TITLE),
        REFUSED,
        "E-ITEM-HELD",
    ),
    Row("title on hold elsewhere", _elsewhere_on_hold, ACCEPTED),
    Row("who waits may borrow", _own_hold, ACCEPTED),
    Row("hold given up", _given_up, ACCEPTED),
    Row("hold served by another copy", _served, ACCEPTED, None, {"YL0002": "R2"}),
    Row("return of what is on hold", _back_for_a_hold, NOTICE, "return.hold"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_of_the_decision_table(county: County, row: Row) -> None:
    event = row.story(county)

    verdict = county.verdict(event, _arrives(event))

    assert (verdict.outcome, verdict.reason) == (row.outcome, row.reason)
    assert county.cases() == row.cases
    assert county.open_loans() == row.open_loans
    if row.due_on is not None:
        assert verdict.due_on == row.due_on
    assert county.verdict(event, _arrives(event)) == verdict  # a duplicate


def _arrives(event: Event) -> dt.datetime:
    """At once if it is a question, else weeks later."""
    return event.occurred_at + MINUTE if event.mode == "ask" else _LATE
