"""The lane for what a revoked device still sends: kept, marked, and not judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select

from sync.hub import schema
from sync.hub.cases import open_cases
from sync.hub.facts import Finding, Severity
from sync.hub.ingest import CONFLICT, INVALID
from sync.hub.wire import Received
from sync.protocol import Event, Kind, Mode, Outcome, Verdict


def set_aside(
    conn: Connection, kiosk_id: str, batch: Sequence[Received], now: dt.datetime
) -> tuple[Verdict, ...]:
    """Keep a revoked device's facts for staff; its asks are refused.

    What is no event, or another event under a name that is kept already, is refused
    as in the ordinary lane: only what is kept is said to be with staff.
    """
    kept = _bodies(conn, kiosk_id, batch)
    before = set(kept)
    verdicts = tuple(_take(one, kept) for one in batch)
    fresh = {name: body for name, body in kept.items() if name not in before}
    if fresh:
        _keep(conn, kiosk_id, fresh, now)
        finding = Finding("revoked_device", Severity.HIGH, kiosk_id)
        open_cases(conn, [finding], now, kiosk_id)
    return verdicts


def _bodies(
    conn: Connection, kiosk_id: str, batch: Sequence[Received]
) -> dict[str, str]:
    """What is kept already under the names of a batch."""
    table = schema.quarantine.c
    names = [one.envelope.event_id for one in batch]
    rows = conn.execute(
        select(table.event_id, table.body).where(
            table.kiosk_id == kiosk_id, table.event_id.in_(names)
        )
    )
    return {row.event_id: row.body for row in rows}


def _take(one: Received, kept: dict[str, str]) -> Verdict:
    """Judge whether one event is kept; if so it stands in `kept` afterwards."""
    if _is_ask(one.event):
        return _verdict(one, Outcome.REFUSED, "E-SERVICE")
    if one.flaw is not None:
        return _verdict(one, Outcome.REFUSED, INVALID)
    if kept.setdefault(one.envelope.event_id, one.body) != one.body:
        return _verdict(one, Outcome.REFUSED, CONFLICT)
    return _verdict(one, Outcome.NEEDS_STAFF, "revoked_device")


def _keep(
    conn: Connection, kiosk_id: str, bodies: Mapping[str, str], now: dt.datetime
) -> None:
    rows = [
        {"kiosk_id": kiosk_id, "event_id": name, "body": body, "received_at": now}
        for name, body in sorted(bodies.items())
    ]
    conn.execute(insert(schema.quarantine), rows)


def _verdict(one: Received, outcome: Outcome, reason: str) -> Verdict:
    return Verdict(
        event_id=one.envelope.event_id,
        epoch=one.envelope.epoch,
        seq=one.envelope.seq,
        outcome=outcome,
        reason=reason,
    )


def _is_ask(event: Event | None) -> bool:
    return event is not None and event.kind is Kind.CHECKOUT and event.mode is Mode.ASK
