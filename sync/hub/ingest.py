"""Taking in events: stored first, judged second, answered from what is stored.

Event, effect and verdict are one transaction, so a repeat finds either nothing
or the verdict. An event that can't be judged is parked for staff and holds up
no other one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog
from sqlalchemy import Connection, RowMapping, insert, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError

from sync.hub import schema
from sync.hub.cases import open_cases
from sync.hub.chain import advance, break_at
from sync.hub.facts import Finding, Severity
from sync.hub.judging import judge
from sync.hub.reading import Arrival
from sync.hub.wire import Received
from sync.protocol import AckedThrough, Json, Outcome, Verdict

#: The hub's own words in `Verdict.reason` for events that it did not store.
CONFLICT = "conflict"
INVALID = "invalid"
#: What impossible content raises. A database in trouble is not among them: then
#: nothing is stored and the kiosk sends the batch again.
_CONTENT_ERRORS = (
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    DataError,
    IntegrityError,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """The kiosk that signed the batch, and where it stands."""

    kiosk_id: str
    site_id: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the kiosk is told of a batch; `acked_through` of its last event's epoch."""

    verdicts: tuple[Verdict, ...]
    acked_through: AckedThrough | None


def ingest(
    conn: Connection, sender: Sender, batch: Sequence[Received], now: dt.datetime
) -> Ingested:
    """Store and judge a batch, event by event, in the order in which they were sent."""
    verdicts = tuple(_take(conn, sender, received, now) for received in batch)
    epochs = dict.fromkeys(received.envelope.epoch for received in batch)
    heads = [advance(conn, sender.kiosk_id, epoch, now) for epoch in epochs]
    return Ingested(verdicts, heads[-1] if heads else None)


def _take(
    conn: Connection, sender: Sender, received: Received, now: dt.datetime
) -> Verdict:
    envelope = received.envelope
    if received.flaw or envelope.kiosk_id != sender.kiosk_id:
        flaw = received.flaw or f"the event is of {envelope.kiosk_id[:80]!r}"
        log.warning("event invalid", kiosk=sender.kiosk_id, flaw=flaw)
        return _verdict(received, Outcome.REFUSED, INVALID, {"detail": flaw})
    stored = _stored(conn, received)
    if not stored:
        _store(conn, received, now)
        return _judge(conn, sender, received, now)
    if len(stored) > 1 or not _same(stored[0], received):
        return _conflict(conn, received, stored, now)
    verdict = msgspec.json.decode(stored[0]["verdict"], type=Verdict)
    if verdict.outcome is Outcome.DEFERRED:
        return _judge(conn, sender, received, now)
    return verdict


def _stored(conn: Connection, received: Received) -> Sequence[RowMapping]:
    """Events with the same id, or the same place in the same ledger."""
    table, envelope = schema.events.c, received.envelope
    place = (
        (table.kiosk_id == envelope.kiosk_id)
        & (table.epoch == envelope.epoch)
        & (table.seq == envelope.seq)
    )
    columns = (table.event_id, table.kiosk_id, table.hash, table.verdict)
    rows = conn.execute(
        select(*columns).where(or_(table.event_id == envelope.event_id, place))
    )
    return rows.mappings().all()


def _same(row: RowMapping, received: Received) -> bool:
    envelope = received.envelope
    ours = (envelope.event_id, envelope.kiosk_id, envelope.hash)
    return (row["event_id"], row["kiosk_id"], row["hash"]) == ours


def _store(conn: Connection, received: Received, now: dt.datetime) -> None:
    envelope = received.envelope
    row = {
        "event_id": envelope.event_id,
        "kiosk_id": envelope.kiosk_id,
        "epoch": envelope.epoch,
        "seq": envelope.seq,
        "hash": envelope.hash,
        "prev_hash": envelope.prev_hash,
        "kind": envelope.kind if received.event else "",
        "refers_to": received.event and envelope.refers_to,
        "body": received.body,
        "received_at": now,
    }
    conn.execute(insert(schema.events), [row])
    broken = break_at(conn, envelope)
    if broken:
        open_cases(conn, [broken], now, envelope.kiosk_id)


def _judge(
    conn: Connection, sender: Sender, received: Received, now: dt.datetime
) -> Verdict:
    """Judge in a savepoint: what fails leaves no trace but its case."""
    if received.event is None:
        verdict = _park(conn, received, "this hub does not know such events", now)
    else:
        try:
            with conn.begin_nested():
                verdict = judge(conn, Arrival(received.event, sender.site_id, now))
        except _CONTENT_ERRORS as err:
            log.warning("event parked", kiosk=sender.kiosk_id, exc_info=err)
            verdict = _park(conn, received, f"{type(err).__name__}: {err}", now)
    conn.execute(
        update(schema.events)
        .where(schema.events.c.event_id == received.envelope.event_id)
        .values(verdict=msgspec.json.encode(verdict).decode())
    )
    return verdict


def _park(conn: Connection, received: Received, why: str, now: dt.datetime) -> Verdict:
    envelope = received.envelope
    sides: Json = {"why": why[:500], "body": received.body}
    finding = Finding("event_parked", Severity.HIGH, envelope.event_id, sides)
    open_cases(conn, [finding], now, envelope.kiosk_id)
    return _verdict(received, Outcome.NEEDS_STAFF, finding.kind, {})


def _conflict(
    conn: Connection,
    received: Received,
    stored: Sequence[RowMapping],
    now: dt.datetime,
) -> Verdict:
    """Same id or number, other content: a cloned or rolled-back card."""
    envelope = received.envelope
    log.error("event conflict", kiosk=envelope.kiosk_id, seq=envelope.seq)
    sides: Json = {
        "stored": [row["event_id"] for row in stored],
        "sent": received.body,
    }
    name = f"{envelope.event_id}:{envelope.hash[:16]}"
    finding = Finding("event_conflict", Severity.HIGH, name, sides)
    open_cases(conn, [finding], now, envelope.kiosk_id)
    return _verdict(received, Outcome.REFUSED, CONFLICT, {})


def _verdict(
    received: Received, outcome: Outcome, reason: str, params: Json
) -> Verdict:
    envelope = received.envelope
    return Verdict(
        event_id=envelope.event_id,
        epoch=envelope.epoch,
        seq=envelope.seq,
        outcome=outcome,
        reason=reason,
        params=params,
    )
