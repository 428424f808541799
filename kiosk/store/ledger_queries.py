"""What is read from the ledger, by the kiosk that writes it and by the agent."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    func,
    select,
)

from kiosk.service.ports import Head
from kiosk.store.chain import event_of
from kiosk.store.errors import LedgerDamaged
from kiosk.store.ledger_schema import STORED, epochs, events, open_asks, subjects
from kiosk.store.prepared import Prepared
from sync.protocol import GENESIS_HASH, Event

#: What a row of a table like `subjects` must be.
Subject = Callable[[Table], ColumnElement[bool]]
FindSubjects = Callable[[Connection, int, int], Table]

#: Its first row; a limit would be one more value to bind.
_HEAD = Prepared(
    select(epochs.c.epoch, epochs.c.before, events.c.number, events.c.hash)
    .outerjoin_from(epochs, events, events.c.number > epochs.c.before)
    .order_by(epochs.c.ordinal.desc(), events.c.number.desc())
)
_EVENT = Prepared(
    select(*STORED).where(events.c.number == bindparam("number")), "number"
)


def head_of(connection: Connection) -> tuple[Head, int]:
    """The end of the newest epoch, and the number before its first event."""
    row = next(_HEAD.rows(connection), None)
    if row is None:
        raise LedgerDamaged("ledger: it has no epoch")
    epoch, before, number, digest = row
    if number is None:
        return Head(epoch, 0, GENESIS_HASH), before
    return Head(epoch, number - before, digest.hex()), before


def span_of(connection: Connection, epoch: str) -> tuple[int, int] | None:
    """The numbers between which an epoch's events lie: before, and its last one."""
    later = select(epochs.c.ordinal).where(epochs.c.epoch == epoch).scalar_subquery()
    query = (
        select(epochs.c.epoch, epochs.c.before)
        .where(epochs.c.ordinal >= later)
        .order_by(epochs.c.ordinal)
        .limit(2)
    )
    found = connection.execute(query).all()
    if not found:
        return None
    if len(found) == 1:
        last = connection.execute(select(func.max(events.c.number))).scalar_one()
        return found[0].before, last or 0
    return found[0].before, found[1].before


def events_between(after: int, last: int) -> Select[bytes, bytes]:
    """Rows numbered after + 1 … last, in order."""
    return (
        select(*STORED)
        .where(and_(events.c.number > after, events.c.number <= last))
        .order_by(events.c.number)
    )


def count_between(connection: Connection, after: int, last: int) -> int:
    """How many events are numbered after + 1 … last."""
    query = select(func.count()).where(
        and_(subjects.c.number > after, subjects.c.number <= last)
    )
    return connection.execute(query).scalar_one()


def events_about(
    connection: Connection,
    fits: Subject,
    after_seq: int,
    find: FindSubjects = lambda _connection, _after, _last: subjects,
) -> tuple[Event, ...]:
    """Events of the newest epoch after `after_seq` whose subject row fits, in order.

    `find` gives the table to look in, with all subjects of two numbers' span.
    """
    head, before = head_of(connection)
    among = find(connection, before + after_seq, before + head.seq)
    query = (
        select(*STORED)
        .join_from(among, events, among.c.number == events.c.number)
        .where(and_(among.c.number > before + after_seq, fits(among)))
        .order_by(among.c.number)
    )
    return to_events(connection.execute(query))


def uptimes_after(connection: Connection, after_seq: int) -> Mapping[str, int]:
    """The last monotonic time of each boot with events of the newest epoch since then.

    The events of a boot stand together, so its first one is found by halving: weeks
    without a hub are no reason to read every event at every loan.
    """
    head, before = head_of(connection)
    after, number = before + after_seq, before + head.seq
    uptimes: dict[str, int] = {}
    while number > after and (last := _event(connection, number)) is not None:
        uptimes[last.boot_id] = last.monotonic_ns
        number = _first_of_boot(connection, last.boot_id, after, number) - 1
    return uptimes


def _first_of_boot(connection: Connection, boot_id: str, after: int, last: int) -> int:
    """The number of a boot's first event behind `after`; `last` is one of its own."""

    def belongs(number: int) -> bool:
        event = _event(connection, number)
        return event is not None and event.boot_id == boot_id

    numbers = range(after + 1, last)
    return numbers.start + bisect_left(numbers, True, key=belongs)


def _event(connection: Connection, number: int) -> Event | None:
    found = to_events(_EVENT.rows(connection, (number,)))
    return found[0] if found else None


def select_open_asks() -> Select[bytes, bytes]:
    """Asks without a close, oldest first."""
    return (
        select(*STORED)
        .join_from(open_asks, events, events.c.number == open_asks.c.number)
        .order_by(open_asks.c.number)
    )


def to_events(rows: Iterable[Sequence[Any]]) -> tuple[Event, ...]:
    """Make events of (hash, body) rows. Raises LedgerDamaged."""
    try:
        return tuple(event_of(digest, body) for digest, body in rows)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise LedgerDamaged(f"ledger: an event can't be read: {err}") from err
