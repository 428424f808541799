"""When an event really happened, from a device that has no clock of its own.

An event whose clock was in step with network time pairs wall time with the
monotonic clock; that one pair dates every event of the same boot, before and
after. Where there is none, a time that can't be true gives way to the time of
arrival, which is an upper bound.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    delete,
    insert,
    select,
    update,
)

from sync.hub import schema
from sync.protocol import Clock, Event

#: A clock may run ahead of the hub's by this much before it is disbelieved.
FUTURE = dt.timedelta(minutes=10)
#: Nothing stays unsent for longer; an older time is that of a clock gone back.
HORIZON = dt.timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Dated:
    """The corrected time and how good it is; `believed` is False for a replaced one."""

    at: dt.datetime
    clock: Clock
    believed: bool = True


@dataclass(frozen=True, slots=True)
class Anchor:
    """One moment on both clocks of one boot."""

    wall: dt.datetime
    monotonic_ns: int

    def date(self, monotonic_ns: int) -> dt.datetime:
        microseconds = (monotonic_ns - self.monotonic_ns) // 1000
        return self.wall + dt.timedelta(microseconds=microseconds)


def dated(event: Event, anchor: Anchor | None, now: dt.datetime) -> Dated:
    """Date one event that arrived at `now`. Raises OverflowError on absurd clocks."""
    if event.clock is not Clock.SYNCED and anchor is not None:
        return Dated(anchor.date(event.monotonic_ns), Clock.SYNCED)
    if now - HORIZON <= event.occurred_at <= now + FUTURE:
        return Dated(event.occurred_at, event.clock)
    return Dated(now, Clock.GUESSED, believed=False)


def anchor_of(conn: Connection, kiosk_id: str, boot_id: str) -> Anchor | None:
    """The pair of clocks that dates this boot; None while no event was in step."""
    found = conn.execute(select(schema.boots).where(_boot(kiosk_id, boot_id)))
    row = found.one_or_none()
    return Anchor(row.wall, row.monotonic_ns) if row else None


def learn(conn: Connection, event: Event, now: dt.datetime) -> tuple[str, ...]:
    """Take an event as its boot's anchor if it is the best so far.

    Returns the items whose facts it re-dated; their histories must be played again.
    The earliest trusted event of a boot wins, so that the order of arrival
    doesn't matter.
    """
    if event.clock is not Clock.SYNCED or not dated(event, None, now).believed:
        return ()
    known = anchor_of(conn, event.kiosk_id, event.boot_id)
    if known is not None and known.monotonic_ns <= event.monotonic_ns:
        return ()
    anchor = Anchor(event.occurred_at, event.monotonic_ns)
    _put_anchor(conn, event, anchor)
    return _redate(conn, event, anchor)


def _boot(kiosk_id: str, boot_id: str) -> ColumnElement[bool]:
    boots = schema.boots.c
    return and_(boots.kiosk_id == kiosk_id, boots.boot_id == boot_id)


def _put_anchor(conn: Connection, event: Event, anchor: Anchor) -> None:
    conn.execute(delete(schema.boots).where(_boot(event.kiosk_id, event.boot_id)))
    row = {
        "kiosk_id": event.kiosk_id,
        "boot_id": event.boot_id,
        "wall": anchor.wall,
        "monotonic_ns": anchor.monotonic_ns,
    }
    conn.execute(insert(schema.boots), [row])


def _redate(conn: Connection, event: Event, anchor: Anchor) -> tuple[str, ...]:
    table = schema.facts
    guessed = conn.execute(
        select(table.c.fact_id, table.c.item, table.c.monotonic_ns).where(
            table.c.kiosk_id == event.kiosk_id,
            table.c.boot_id == event.boot_id,
            table.c.recorded_clock != Clock.SYNCED.value,
        )
    )
    rows = guessed.mappings().all()
    return tuple(dict.fromkeys([_date_anew(conn, row, anchor) for row in rows]))


def _date_anew(conn: Connection, row: RowMapping, anchor: Anchor) -> str:
    table = schema.facts
    conn.execute(
        update(table)
        .where(table.c.fact_id == row["fact_id"])
        .values(at=anchor.date(row["monotonic_ns"]), clock=Clock.SYNCED.value)
    )
    item: str = row["item"]
    return item
