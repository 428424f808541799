"""What is forgotten changes nothing: whatever comes late is judged as without it."""

from __future__ import annotations

import random

import pytest

from sync.hub.circulation.former import is_former
from sync.hub.county.audit import Actor
from sync.hub.privacy.purge import purge
from sync.hub.store import schema
from sync.protocol import Event, Kind, Outcome
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

STAFF = Actor("li", "command")
LATER = NOON + 300 * DAY


def forget(county: County) -> None:
    purge(county.hub.database, STAFF, LATER)


def shape(county: County) -> list[tuple[object, ...]]:
    """All loans but for who the readers were."""
    return [
        (loan["loan_id"], loan["returned_at"], loan["closed_by"], loan["renewed"])
        for loan in county.loans()
    ]


def story(county: County, chance: random.Random) -> list[Event]:
    """Some books lent and returned by some readers, as two kiosks recorded it."""
    events: list[Event] = []
    for day in range(0, 24, 2):
        kiosk = chance.choice((county.k1, county.k2))
        item = chance.choice(ITEMS[:3])
        ref = county.refs[chance.choice(("R1", "R2"))]
        lent = kiosk.lends(item, ref, NOON + day * DAY)
        back = kiosk.takes_back(item, NOON + (day + 1) * DAY, loan_ref=lent.loan_ref)
        events += [lent, back]
    return events


@pytest.mark.parametrize("seed", [1, 2])
def test_late_returns_close_the_loans_they_would_have_closed(
    county: County, seed: int
) -> None:
    chance = random.Random(seed)
    events = story(county, chance)
    late = [e for e in events if e.kind is Kind.CHECKIN and chance.random() < 0.4]
    for event in events:
        if event not in late:
            county.send(event, now=event.occurred_at)
    forget(county)

    for event in chance.sample(late, len(late)):
        county.send(event, now=LATER)

    assert len(late) > 1
    assert any(is_former(loan["patron_ref"]) for loan in county.loans())
    forgotten = shape(county)
    assert all(closed_by for _loan, _at, closed_by, _n in forgotten)
    assert forgotten == _as_if_all_had_come_in_time(county, events)


def _as_if_all_had_come_in_time(
    county: County, events: list[Event]
) -> list[tuple[object, ...]]:
    """Each return ends the loan that it quotes."""
    lent = {e.loan_ref: e for e in events if e.kind is Kind.CHECKOUT}
    backs = [e for e in events if e.kind is Kind.CHECKIN]
    ended = {lent[back.loan_ref].event_id: back for back in backs}
    return [
        (loan["loan_id"], ended[loan["loan_id"]].occurred_at,
         ended[loan["loan_id"]].event_id, 0)
        for loan in county.loans()
    ]  # fmt: skip


def test_hold_that_a_forgotten_loan_filled_stays_filled(county: County) -> None:
    ref, book = county.refs["R1"], ITEMS[0]
    county.send(
        county.k1.event(Kind.HOLD_PLACE, NOON, item=book, patron_ref=ref),
        county.k1.lends(book, ref, NOON + DAY),
        county.k1.takes_back(book, NOON + 2 * DAY),
        now=NOON + 3 * DAY,
    )
    (before,) = county.rows(schema.holds, "hold_id")
    assert before["filled_by"]

    forget(county)
    county.send(county.k1.lends(book, county.refs["R2"], LATER), now=LATER)

    (after,) = county.rows(schema.holds, "hold_id")
    assert is_former(after["patron_ref"])
    assert after | {"patron_ref": ""} == before | {"patron_ref": ""}


def test_hold_that_goes_on_keeps_its_reader(county: County) -> None:
    ref = county.refs["R1"]
    county.send(county.k1.event(Kind.HOLD_PLACE, NOON, item=ITEMS[0], patron_ref=ref))

    forget(county)

    (hold,) = county.rows(schema.holds, "hold_id")
    assert hold["patron_ref"] == ref


def test_hold_that_was_given_up_is_forgotten(county: County) -> None:
    ref = county.refs["R1"]
    placed = county.k1.event(Kind.HOLD_PLACE, NOON, item=ITEMS[0], patron_ref=ref)
    given_up = county.k1.event(
        Kind.HOLD_CANCEL, NOON + DAY, patron_ref=ref, refers_to=placed.event_id
    )
    county.send(placed, given_up)

    forget(county)

    for table in (schema.facts, schema.events, schema.holds):
        key = next(iter(table.primary_key)).name
        assert ref not in str(county.rows(table, key))
    assert county.rows(schema.holds, "hold_id") == []


def test_ask_without_an_answer_keeps_who_asked(county: County) -> None:
    ref = county.refs["R1"]
    ask = county.k1.asks(ITEMS[0], ref)
    county.send(ask)
    forget(county)

    confirmed = county.k1.closes(Kind.CONFIRMED, ask, NOON + DAY)

    assert county.verdict(confirmed, LATER).outcome is not Outcome.REFUSED
    assert county.open_loans() == {ITEMS[0]: "R1"}
