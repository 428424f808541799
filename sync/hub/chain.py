"""The chain of each kiosk's events: how far it is complete, and where it breaks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, func, insert, select

from sync.hub import schema
from sync.hub.facts import Finding, Severity
from sync.hub.wire import Envelope
from sync.protocol import GENESIS_HASH, AckedThrough

#: Events looked at in one query.
_STRIDE = 500

_Head = tuple[int, str]


def acked_through(conn: Connection, kiosk_id: str, epoch: str) -> AckedThrough | None:
    """The hub holds every event up to this one; None without the first."""
    seq, hash_ = _head(conn, kiosk_id, epoch)
    return AckedThrough(epoch=epoch, seq=seq, hash=hash_) if seq else None


def advance(
    conn: Connection, kiosk_id: str, epoch: str, now: dt.datetime
) -> AckedThrough | None:
    """Move the head over all events that have come without a gap."""
    old = _head(conn, kiosk_id, epoch)
    new = _walk(conn, kiosk_id, epoch, old)
    _put_head(conn, kiosk_id, epoch, new, now)
    return acked_through(conn, kiosk_id, epoch)


def break_at(conn: Connection, envelope: Envelope) -> Finding | None:
    """A stored event that doesn't fit its neighbours: the card was cloned or altered."""
    before, after = _neighbours(conn, envelope)
    if envelope.seq == 1:
        before = GENESIS_HASH
    fits_before = before in (None, envelope.prev_hash)
    if fits_before and after in (None, envelope.hash):
        return None
    sides = {"epoch": envelope.epoch, "seq": envelope.seq}
    return Finding("chain_broken", Severity.HIGH, envelope.event_id, sides)


def _walk(conn: Connection, kiosk_id: str, epoch: str, head: _Head) -> _Head:
    """Follow the numbers until one is missing."""
    events = schema.events.c
    following = (
        select(events.seq, events.hash)
        .where(events.kiosk_id == kiosk_id, events.epoch == epoch)
        .order_by(events.seq)
        .limit(_STRIDE)
    )
    while True:
        rows = conn.execute(following.where(events.seq > head[0])).all()
        whole = [row for at, row in enumerate(rows, head[0] + 1) if row.seq == at]
        if whole:
            head = (whole[-1].seq, whole[-1].hash)
        if len(whole) < _STRIDE:
            return head


def _head(conn: Connection, kiosk_id: str, epoch: str) -> _Head:
    heads = schema.kiosk_heads.c
    row = conn.execute(
        select(heads.seq, heads.hash).where(
            heads.kiosk_id == kiosk_id, heads.epoch == epoch
        )
    ).one_or_none()
    return (row.seq, row.hash) if row else (0, GENESIS_HASH)


def _put_head(
    conn: Connection, kiosk_id: str, epoch: str, head: _Head, now: dt.datetime
) -> None:
    heads, events = schema.kiosk_heads, schema.events.c
    highest = conn.execute(
        select(func.max(events.seq)).where(
            events.kiosk_id == kiosk_id, events.epoch == epoch
        )
    ).scalar()
    if highest is None:
        return
    conn.execute(
        delete(heads).where(heads.c.kiosk_id == kiosk_id, heads.c.epoch == epoch)
    )
    row = {
        "kiosk_id": kiosk_id,
        "epoch": epoch,
        "seq": head[0],
        "hash": head[1],
        "highest_seq": highest,
        "changed_at": now,
    }
    conn.execute(insert(heads), [row])


def _neighbours(conn: Connection, envelope: Envelope) -> tuple[str | None, str | None]:
    """The hash of the event before, and what the one after says came before it."""
    events = schema.events.c
    earlier, later = envelope.seq - 1, envelope.seq + 1
    rows = conn.execute(
        select(events.seq, events.hash, events.prev_hash).where(
            events.kiosk_id == envelope.kiosk_id,
            events.epoch == envelope.epoch,
            events.seq.in_((earlier, later)),
        )
    )
    by_seq = {row.seq: row for row in rows}
    return (
        by_seq[earlier].hash if earlier in by_seq else None,
        by_seq[later].prev_hash if later in by_seq else None,
    )
