"""What must be true whatever happened; each check names what it found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from sync.hub.circulation import shelf
from sync.hub.circulation.facts import Standing
from sync.hub.circulation.ordering import in_order
from sync.hub.circulation.unit_of_work import unit_of_work
from sync.hub.intake import chain
from sync.hub.store import schema
from sync.protocol import Event, Kind, Mode
from tests.integration.hub_world import ITEMS
from tests.model.county import ModelHub
from tests.model.point import Point

_MOVES = frozenset({Kind.CHECKOUT, Kind.CHECKIN})


def essence(event: Event) -> Event:
    """What happened, without its place in a ledger: a copy elsewhere has the same."""
    return msgspec.structs.replace(event, epoch="", seq=0, prev_hash="", hash="")


def nothing_is_lost(hub: ModelHub, confirmed: Iterable[str]) -> None:
    lost = set(confirmed) - hub.events().keys()
    assert not lost, f"the hub never got {sorted(lost)}"


def nothing_is_invented(hub: ModelHub, ever: dict[str, Event]) -> None:
    for event_id, held in hub.events().items():
        assert event_id in ever, f"{event_id} was recorded nowhere"
        assert essence(held.event) == essence(ever[event_id]), f"{event_id} was altered"


def each_counts_once(hub: ModelHub) -> None:
    """The hub's facts are exactly its loans and returns, each with its one standing."""
    held = [stored.event for stored in hub.events().values()]
    expected = {
        event.event_id: _standing(event, held) for event in held if _moves(event)
    }
    facts = {row["fact_id"]: row["standing"] for row in hub.rows(schema.facts)}
    for event_id, allowed in expected.items():
        assert facts.get(event_id) in allowed, f"{event_id} is {facts.get(event_id)}"
    assert facts.keys() == expected.keys()
    ends = [row["closed_by"] for row in hub.rows(schema.loans) if row["closed_by"]]
    assert len(ends) == len(set(ends)), "one return ended two loans"


def ledgers_and_hub_agree(hub: ModelHub, points: Sequence[Point]) -> None:
    """Every event of every ledger is at the hub, under the same name and content."""
    held = hub.events()
    for point in points:
        for event in point.events():
            assert event.event_id in held, f"{point.kiosk_id} holds {event.event_id}"


def chains_are_whole(points: Sequence[Point]) -> None:
    for point in points:
        assert point.ledger.first_break() is None


def acknowledged_is_held(hub: ModelHub) -> None:
    """What the hub says it holds without a gap, it holds without a gap."""
    by_place = {
        (held.event.kiosk_id, held.event.epoch, held.event.seq): held.hash
        for held in hub.events().values()
    }
    with hub.reading() as conn:
        for kiosk_id, epoch in {place[:2] for place in by_place}:
            acked = chain.acked_through(conn, kiosk_id, epoch)
            reached = acked.seq if acked else 0
            for seq in range(1, reached + 1):
                assert (kiosk_id, epoch, seq) in by_place, f"gap at {epoch} {seq}"
            if acked:
                assert by_place[kiosk_id, epoch, reached] == acked.hash
            assert (kiosk_id, epoch, reached + 1) not in by_place


def views_agree(hub: ModelHub, points: Sequence[Point]) -> None:
    """Mirror ⊕ own events says of each item what the hub says."""
    told = hub.open_loans()
    for point in points:
        for item in ITEMS:
            mine, theirs = point.knowledge.loan_of(item), told.get(item)
            seen = mine and (mine.loan_ref, mine.patron_ref, _day(mine.due_on))
            true = theirs and (theirs.loan_ref, theirs.patron_ref, _day(theirs.due_on))
            assert seen == true, f"{point.kiosk_id} has {seen} of {item}, hub {true}"


def each_device_keeps_its_order(hub: ModelHub, points: Sequence[Point]) -> None:
    """In the history of an item, the facts of one epoch stand as they were recorded."""
    with hub.reading() as conn, unit_of_work(conn) as work:
        for item in ITEMS:
            history = in_order(shelf.facts_of(work, item))
            firm = [one.fact_id for one in history if one.standing is Standing.FIRM]
            for point in points:
                for own in _by_epoch(point.events(), item):
                    kept = [fact_id for fact_id in firm if fact_id in set(own)]
                    assert kept == [one for one in own if one in set(kept)], item


def _by_epoch(events: Iterable[Event], item: str) -> list[list[str]]:
    """Per epoch, the facts about an item in the order in which they became facts."""
    epochs: dict[str, list[str]] = {}
    for event in events:
        if event.item != item:
            continue
        own = epochs.setdefault(event.epoch, [])
        if event.kind is Kind.CONFIRMED:
            own.append(event.refers_to or "")
        elif _moves(event) and event.mode is Mode.FACT:
            own.append(event.event_id)
    return list(epochs.values())


def _moves(event: Event) -> bool:
    return event.kind in _MOVES


def _standing(event: Event, held: Sequence[Event]) -> set[str]:
    if event.mode is Mode.FACT:
        return {Standing.FIRM.value}
    closes = {one.kind for one in held if one.refers_to == event.event_id}
    if Kind.CONFIRMED in closes:
        return {Standing.FIRM.value}
    if Kind.WITHDRAWN in closes:
        return {Standing.WITHDRAWN.value, Standing.REFUSED.value}
    return {Standing.ASKED.value, Standing.REFUSED.value}


def _day(day: dt.date) -> str:
    return day.isoformat()
