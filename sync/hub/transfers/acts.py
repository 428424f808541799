"""Staff send copies and receive them, by scanning each or the whole list.

Within `Database.writing()`. A barcode that can't be dealt with is told, and the rest
goes on: the copies are on the counter and have to go somewhere.
"""

from __future__ import annotations

import datetime as dt
import enum
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Item
from sync.hub.circulation import holds
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.county.audit import Actor, note
from sync.hub.transfers.following import is_kept, live_lines, place_of, store
from sync.hub.transfers.lines import Line, Reason


class Problem(enum.StrEnum):
    """Why a scanned copy was not sent, received or packed."""

    UNKNOWN = "unknown"
    ON_LOAN = "on_loan"
    SENT_ALREADY = "sent_already"
    BELONGS_HERE = "belongs_here"
    GOES_ELSEWHERE = "goes_elsewhere"
    OTHER_BOX = "other_box"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What became of one barcode; `to_site` is where the copy goes, if that is known."""

    item: str
    to_site: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """Who scans, at which site, and when."""

    who: Actor
    site_id: str
    now: dt.datetime


_Act = Callable[[UnitOfWork, Counter, Item], Line | Scanned]


def send(conn: Connection, at: Counter, barcodes: Iterable[str]) -> list[Scanned]:
    """These copies leave: for where they are wanted, or else for where they belong."""
    return _each(conn, at, barcodes, "transfer.send", _sent)


def receive(conn: Connection, at: Counter, barcodes: Iterable[str]) -> list[Scanned]:
    """These copies have come."""
    return _each(conn, at, barcodes, "transfer.receive", _received)


def move(work: UnitOfWork, item: Item, line: Line, site_id: str) -> None:
    """Store a line that was sent or received at this site, where the copy is now."""
    store(work, line)
    if item.current_site != site_id:
        work.put_item(replace(item, current_site=site_id))


def is_on_loan(work: UnitOfWork, item: str) -> bool:
    loans = work.loans.having("item", item)
    return any(loan["returned_at"] is None for loan in loans)


def new_line(item: Item, to_site: str, reason: Reason, at: Counter) -> Line:
    """A line that staff open by what they do, from where they are."""
    return Line(
        secrets.token_hex(8),
        item.barcode,
        at.site_id,
        to_site,
        reason,
        "",
        at.now,
        at.who.name,
    )


def _each(
    conn: Connection, at: Counter, barcodes: Iterable[str], what: str, act: _Act
) -> list[Scanned]:
    with unit_of_work(conn) as work:
        codes = dict.fromkeys(filter(None, map(normalise, barcodes)))
        done = [_one(work, at, code, act) for code in codes]
    for one in done:
        if one.problem is None:
            after = {"site": at.site_id, "to": one.to_site}
            note(conn, at.who, what, f"item:{one.item}", at.now, after=after)
    return done


def _one(work: UnitOfWork, at: Counter, barcode: str, act: _Act) -> Scanned:
    item = work.item(barcode)
    if item is None:
        return Scanned(barcode, problem=Problem.UNKNOWN)
    if is_on_loan(work, item.barcode):
        return Scanned(barcode, problem=Problem.ON_LOAN)
    found = act(work, at, item)
    if isinstance(found, Scanned):
        return found
    move(work, item, found, at.site_id)
    if found.reason is Reason.HOLD:
        holds.review(work, item.title_id, at.now)
    return Scanned(item.barcode, found.to_site)


def _sent(work: UnitOfWork, at: Counter, item: Item) -> Line | Scanned:
    place, reason = place_of(work, item)
    live = live_lines(work, item.barcode)
    line = live[0] if live else new_line(item, place, reason, at)
    if line.to_site == at.site_id:
        return Scanned(item.barcode, line.to_site, Problem.BELONGS_HERE)
    if not live and is_kept(work, item):
        return Scanned(item.barcode, problem=Problem.ON_HOLD)
    if line.sent_at is not None and line.from_site == at.site_id:
        return Scanned(item.barcode, line.to_site, Problem.SENT_ALREADY)
    return replace(line, from_site=at.site_id, sent_at=at.now, sent_by=at.who.name)


def _received(work: UnitOfWork, at: Counter, item: Item) -> Line | Scanned:
    place, reason = place_of(work, item)
    live = live_lines(work, item.barcode)
    line = live[0] if live else new_line(item, place, reason, at)
    if line.to_site != at.site_id:
        return Scanned(item.barcode, line.to_site, Problem.GOES_ELSEWHERE)
    if not live and item.current_site == at.site_id:
        return Scanned(item.barcode, line.to_site, Problem.BELONGS_HERE)
    if not live:
        line = replace(line, from_site=item.current_site)
    return replace(line, received_at=at.now, received_by=at.who.name)
