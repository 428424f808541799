"""What staff do about a device: put it out of service and back, admit what it sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, func, select, update

from sync.hub.circulation.cases import CaseState
from sync.hub.devices.devices import Device
from sync.hub.intake.ingest import Sender, ingest
from sync.hub.intake.quarantine import REVOKED
from sync.hub.intake.wire import read_event
from sync.hub.store import schema
from sync.protocol import is_ask


class Kept(msgspec.Struct, frozen=True):
    """One event that a revoked device sent; `admitted_at` once staff took it in."""

    kiosk_id: str
    event_id: str
    epoch: str
    seq: int
    received_at: dt.datetime
    admitted_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """How many events were taken in, and how many asks stay out."""

    taken: int
    asks: int


def kept_events(conn: Connection) -> Iterator[Kept]:
    """All that revoked devices sent, in the order in which each recorded it."""
    table = schema.quarantine
    columns = [table.c[name] for name in Kept.__struct_fields__]
    query = select(*columns).order_by(table.c.kiosk_id, table.c.epoch, table.c.seq)
    for row in conn.execute(query).mappings():
        yield Kept(**row)


def admit(conn: Connection, found: Device, who: str, now: dt.datetime) -> Admitted:
    """Take in what was set aside of this device, as if it came now; again is nothing.

    Asks stay out: nobody waits for their answer any more.
    """
    kiosk_id = found.kiosk_id
    waiting = [read_event(body.encode()) for body in _waiting(conn, kiosk_id)]
    facts = [one for one in waiting if one.event is None or not is_ask(one.event)]
    _mark(conn, kiosk_id, [one.envelope.event_id for one in facts], now)
    if facts:
        ingest(conn, Sender(kiosk_id, found.site_id), facts, now)
    _note(conn, kiosk_id, f"{who}: {len(facts)} events admitted", now)
    return Admitted(len(facts), len(waiting) - len(facts))


def _waiting(conn: Connection, kiosk_id: str) -> Sequence[str]:
    """Bodies in the order of the device: epochs as they came, then by number."""
    table = schema.quarantine.c
    first = (
        select(table.epoch, func.min(table.received_at).label("first"))
        .where(table.kiosk_id == kiosk_id)
        .group_by(table.epoch)
        .subquery()
    )
    query = (
        select(table.body)
        .join(first, first.c.epoch == table.epoch)
        .where(table.kiosk_id == kiosk_id, table.admitted_at.is_(None))
        .order_by(first.c.first, table.epoch, table.seq)
    )
    return conn.execute(query).scalars().all()


def _mark(
    conn: Connection, kiosk_id: str, event_ids: Sequence[str], now: dt.datetime
) -> None:
    table = schema.quarantine
    conn.execute(
        update(table)
        .where(
            table.c.kiosk_id == kiosk_id,
            table.c.admitted_at.is_(None),
            table.c.event_id.in_(event_ids),
        )
        .values(admitted_at=now)
    )


def _note(conn: Connection, kiosk_id: str, text: str, now: dt.datetime) -> None:
    """Say in the case what staff did about it, and that it is done with."""
    table = schema.cases
    conn.execute(
        update(table)
        .where(
            table.c.kind == REVOKED,
            table.c.kiosk_id == kiosk_id,
            table.c.state == CaseState.OPEN.value,
        )
        .values(state=CaseState.RESOLVED.value, closed_at=now, note=text)
    )
