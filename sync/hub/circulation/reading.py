"""An event of a kiosk read as a fact about an item."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sync.hub.circulation.facts import Fact, Move, Standing, provisional_title
from sync.hub.circulation.former import is_former
from sync.hub.circulation.records import records_now
from sync.hub.circulation.terms import with_terms
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.protocol import Event, Mode

#: Stands for whoever took a book when the event names nobody.
NOBODY = "unknown"
#: Longest barcode or reference that is believed.
ID_LIMIT = 128


class Impossible(ValueError):
    """An event whose content can't mean anything; staff look at it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event with where its kiosk stands and when it came."""

    event: Event
    site_id: str
    now: dt.datetime


def read(work: UnitOfWork, arrival: Arrival, move: Move) -> Fact:
    """Read a loan, return or renewal, or a CONFIRMED of one. Raises Impossible."""
    event = arrival.event
    if not event.item:
        raise Impossible(f"{event.kind} {event.event_id} names no item")
    if move is Move.RENEW and not event.patron_ref:
        raise Impossible(f"{event.kind} {event.event_id} names no reader")
    fact = _fact(work, arrival, move)
    return with_terms(fact, work.rules_of(fact.records.rules_version))


def read_hold(work: UnitOfWork, arrival: Arrival) -> Fact:
    """Read a HOLD_PLACE on an item, or on a title. Raises Impossible."""
    event = arrival.event
    if not event.patron_ref:
        raise Impossible(f"{event.kind} {event.event_id} names no reader")
    title_id = _title_id(work, event)
    if title_id is None:
        raise Impossible(f"{event.kind} {event.event_id} names no item or title")
    return _fact(work, arrival, Move.HOLD, title_id)


def _title_id(work: UnitOfWork, event: Event) -> str | None:
    if event.item:
        item = work.item(event.item)
        return item.title_id if item else provisional_title(event.item)
    title_id = event.payload.get("title_id")
    return _sound(title_id) if isinstance(title_id, str) and title_id else None


def _fact(work: UnitOfWork, arrival: Arrival, move: Move, title_id: str = "") -> Fact:
    event = arrival.event
    when = work.clocks_of(event.kiosk_id).date_event(event, arrival.now)
    lending = move is Move.LEND
    item = _sound(event.item or "")
    patron_ref = _sound(event.patron_ref or (NOBODY if lending else ""))
    if not lending and event.loan_ref and patron_ref:
        patron_ref = _former(work, item, event.loan_ref) or patron_ref
    return Fact(
        fact_id=event.event_id,
        item=item,
        move=move,
        standing=Standing.FIRM,
        at=when.at,
        earliest=when.span.earliest,
        latest=when.span.latest,
        clock=when.clock,
        kiosk_id=event.kiosk_id,
        epoch=event.epoch,
        seq=event.seq,
        site_id=arrival.site_id,
        patron_ref=patron_ref,
        loan_ref=_sound(event.loan_ref or (event.event_id if lending else "")),
        title_id=title_id,
        promised=None if event.mode is Mode.ASK else _promised(event),
        believed=when.believed,
        received_at=arrival.now,
        records=records_now(work, patron_ref, item),
    )


def _former(work: UnitOfWork, item: str, loan_ref: str) -> str | None:
    """Who stands for the reader of a loan, if that has been forgotten."""
    names = (
        row["patron_ref"]
        for row in work.loans.having("item", item)
        if row["loan_ref"] == loan_ref and is_former(row["patron_ref"])
    )
    return next(names, None)


def _sound(name: str) -> str:
    if len(name) > ID_LIMIT or not name.isprintable():
        raise Impossible(f"{name[:ID_LIMIT]!r} can't be a number or reference")
    return name


def _promised(event: Event) -> dt.date | None:
    """The day that the reader was told; one that nobody can keep if it is no day."""
    text = event.payload.get("due_on")
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return dt.date.min
