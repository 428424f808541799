"""An event of a kiosk read as a fact about an item, with what the hub knows of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kiosk.domain.values import Item, ItemState, Title
from sync.hub import catalogue, patrons, shelf
from sync.hub.circulation import DEFAULT_ITEM_TYPE, Known, county_day, terms
from sync.hub.dating import Dated, anchor_of, dated
from sync.hub.facts import Fact, Finding, Move, Severity, Standing, side
from sync.hub.rulebook import current_rules
from sync.protocol import Clock, Event, Mode

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


@dataclass(frozen=True, slots=True)
class Reading:
    """`findings`: what is wrong with the event itself, its clock say."""

    fact: Fact
    known: Known
    findings: tuple[Finding, ...] = ()


def read_loan(conn: Connection, arrival: Arrival) -> Reading:
    """Read a CHECKOUT, or a CONFIRMED that names its loan. Raises Impossible."""
    event = arrival.event
    when = _when(conn, event, arrival.now)
    bare = _fact(arrival, when, Move.LEND)
    known = Known(
        rules=current_rules(conn),
        item=catalogue.item(conn, bare.item),
        patron=patrons.patron(conn, bare.patron_ref),
        patron_loans=shelf.patron_loans_at(conn, bare.patron_ref, when.at, bare.item),
    )
    promised = None if event.mode is Mode.ASK else _promised(event)
    agreed = terms(known, county_day(when.at), promised, when.clock)
    fact = replace(bare, due_on=agreed.due_on, renewals=agreed.renewals)
    findings = _clock_findings(fact, event, when)
    if not agreed.kept:
        findings = (*findings, _about("promise_not_kept", Severity.MEDIUM, fact, event))
    return Reading(fact, known, findings)


def read_return(conn: Connection, arrival: Arrival) -> Reading:
    """Read a CHECKIN. Raises Impossible."""
    when = _when(conn, arrival.event, arrival.now)
    fact = _fact(arrival, when, Move.RETURN)
    item = catalogue.item(conn, fact.item)
    home = catalogue.site(conn, item.home_site) if item else None
    known = Known(current_rules(conn), item, home=home)
    return Reading(fact, known, _clock_findings(fact, arrival.event, when))


def make_findable(conn: Connection, event: Event, reading: Reading) -> None:
    """An item that was here is in the catalogue, and not lost."""
    item = reading.known.item
    if item is None:
        _put_provisional(conn, event, reading.fact)
    elif item.state is ItemState.LOST:
        catalogue.put_items(conn, [replace(item, state=ItemState.LENDABLE)])


def _put_provisional(conn: Connection, event: Event, fact: Fact) -> None:
    """Enough of a record to lend and return by, until the county completes it."""
    title = event.payload.get("title")
    title_id = f"provisional-{fact.item}"
    name = title if isinstance(title, str) and title else fact.item
    item = Item(
        barcode=fact.item,
        title_id=title_id,
        item_type=DEFAULT_ITEM_TYPE,
        state=ItemState.PROVISIONAL,
        owner="",
        home_site=fact.site_id,
        current_site=fact.site_id,
    )
    catalogue.put_titles(conn, [Title(title_id, name)])
    catalogue.put_items(conn, [item])


def _fact(arrival: Arrival, when: Dated, move: Move) -> Fact:
    event = arrival.event
    if not event.item:
        raise Impossible(f"{event.kind} {event.event_id} names no item")
    lending = move is Move.LEND
    return Fact(
        fact_id=event.event_id,
        item=_sound(event.item),
        move=move,
        standing=Standing.FIRM,
        at=when.at,
        clock=when.clock,
        kiosk_id=event.kiosk_id,
        epoch=event.epoch,
        seq=event.seq,
        site_id=arrival.site_id,
        patron_ref=_sound(event.patron_ref or (NOBODY if lending else "")),
        loan_ref=_sound(event.loan_ref or (event.event_id if lending else "")),
    )


def _sound(name: str) -> str:
    if len(name) > ID_LIMIT or not name.isprintable():
        raise Impossible(f"{name[:ID_LIMIT]!r} can't be a number or reference")
    return name


def _when(conn: Connection, event: Event, now: dt.datetime) -> Dated:
    sure = event.clock is Clock.SYNCED
    anchor = None if sure else anchor_of(conn, event.kiosk_id, event.boot_id)
    return dated(event, anchor, now)


def _promised(event: Event) -> dt.date | None:
    """The day that the reader was told; one that nobody can keep if it is no day."""
    text = event.payload.get("due_on")
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return dt.date.min


def _clock_findings(fact: Fact, event: Event, when: Dated) -> tuple[Finding, ...]:
    if when.believed:
        return ()
    return (_about("clock_not_believed", Severity.HIGH, fact, event),)


def _about(kind: str, severity: Severity, fact: Fact, event: Event) -> Finding:
    recorded = {
        "occurred_at": event.occurred_at.isoformat(),
        "due_on": event.payload.get("due_on"),
    }
    sides = {"event": side(fact), "recorded": recorded}
    return Finding(kind, severity, fact.fact_id, sides)
