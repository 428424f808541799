"""The lane for what a revoked device still sends: kept, marked, and not judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from sync.hub import schema
from sync.hub.cases import open_cases
from sync.hub.facts import Finding, Severity
from sync.hub.wire import Received
from sync.protocol import Event, Kind, Mode, Outcome, Verdict


def set_aside(
    conn: Connection, kiosk_id: str, batch: Sequence[Received], now: dt.datetime
) -> tuple[Verdict, ...]:
    """Keep a revoked device's facts for staff; its asks are refused."""
    facts = [one for one in batch if not _is_ask(one.event)]
    _keep(conn, kiosk_id, facts, now)
    if facts:
        finding = Finding("revoked_device", Severity.HIGH, kiosk_id)
        open_cases(conn, [finding], now, kiosk_id)
    return tuple(_verdict(one) for one in batch)


def _keep(
    conn: Connection, kiosk_id: str, facts: Sequence[Received], now: dt.datetime
) -> None:
    table = schema.quarantine
    by_id = {one.envelope.event_id: one for one in facts if one.flaw is None}
    known = conn.execute(
        select(table.c.event_id).where(
            table.c.kiosk_id == kiosk_id, table.c.event_id.in_(by_id)
        )
    ).scalars()
    rows = [
        {
            "kiosk_id": kiosk_id,
            "event_id": name,
            "body": by_id[name].body,
            "received_at": now,
        }
        for name in sorted(by_id.keys() - set(known))
    ]
    if rows:
        conn.execute(insert(table), rows)


def _verdict(one: Received) -> Verdict:
    ask = _is_ask(one.event)
    return Verdict(
        event_id=one.envelope.event_id,
        epoch=one.envelope.epoch,
        seq=one.envelope.seq,
        outcome=Outcome.REFUSED if ask else Outcome.NEEDS_STAFF,
        reason="E-SERVICE" if ask else "revoked_device",
    )


def _is_ask(event: Event | None) -> bool:
    return event is not None and event.kind is Kind.CHECKOUT and event.mode is Mode.ASK
