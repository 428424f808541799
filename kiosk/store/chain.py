"""The chain of events: from rows to events, and whether it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, select

from kiosk.store.engine import schema_version
from kiosk.store.ledger_schema import (
    STORED,
    TRIMMED_SINCE,
    epochs,
    events,
    trimmed,
)
from kiosk.store.prepared import Prepared
from sync.protocol import GENESIS_HASH, Event

#: SQLite's smallest and largest row number.
_FIRST, _LAST = -(2**63), 2**63 - 1
_SPAN = Prepared(
    select(events.c.number, *STORED)
    .where(events.c.number >= bindparam("first"))
    .where(events.c.number <= bindparam("last"))
    .order_by(events.c.number),
    "first",
    "last",
)


@dataclass(frozen=True, slots=True)
class Epoch:
    """One stretch of the chain; its events are numbered from `before` + 1.

    Those up to `start_seq` were removed; the next one follows `start_hash`.
    """

    epoch: str
    kiosk_id: str
    before: int
    whole: bool
    start_seq: int = 0
    start_hash: str = GENESIS_HASH


class _Link(msgspec.Struct):
    epoch: str
    seq: int
    prev_hash: str


def event_of(digest: bytes, body: bytes) -> Event:
    """Make the event of a row. Raises msgspec.DecodeError for a damaged body."""
    event = msgspec.json.decode(body, type=Event)
    return msgspec.structs.replace(event, hash=digest.hex())


def epochs_of(connection: Connection) -> tuple[Epoch, ...]:
    """Every epoch, oldest first."""
    query = select(epochs).order_by(epochs.c.ordinal)
    starts = _starts(connection)
    return tuple(
        Epoch(
            row.epoch,
            row.kiosk_id,
            row.before,
            bool(row.whole),
            *starts.get(row.ordinal, (0, GENESIS_HASH)),
        )
        for row in connection.execute(query).all()
    )


def first_break(connection: Connection) -> str | None:
    """Say where the chain is broken, or None when every event is as it was written.

    An epoch that was salvaged may lack events, or hold one of a commit that failed
    beside the one that came after; each is checked by itself.
    """
    every = epochs_of(connection)
    # Events before the first epoch or behind a wrong `before` fall into a span that
    # is not theirs, and are found there.
    starts = [_FIRST, *(epoch.before + 1 for epoch in every[1:])]
    ends = [*(epoch.before for epoch in every[1:]), _LAST]
    for epoch, first, last in zip(every, starts, ends, strict=True):
        fault = _break_in(epoch, _SPAN.rows(connection, (first, last)))
        if fault is not None:
            return f"epoch {epoch.epoch}, {fault}"
    return None


def _starts(connection: Connection) -> dict[int, tuple[int, str]]:
    """Where the epochs start of which events were removed, by ordinal."""
    if schema_version(connection) < TRIMMED_SINCE:
        return {}  # looked at before it is upgraded
    rows = connection.execute(select(trimmed))
    return {row.ordinal: (row.seq, row.hash.hex()) for row in rows}


def _break_in(epoch: Epoch, rows: Iterable[tuple[int, bytes, bytes]]) -> str | None:
    seq, last_hash = epoch.start_seq, epoch.start_hash
    for number, digest, body in rows:
        if hashlib.sha256(body).digest() != digest:
            return f"event {number - epoch.before}: not the content that was hashed"
        link = _link(body)
        if link is None or (link.epoch, link.seq) != (
            epoch.epoch,
            number - epoch.before,
        ):
            return f"event {number - epoch.before}: it belongs to another place"
        if epoch.whole and link.seq != seq + 1:
            return f"event {seq + 1} is missing"
        if epoch.whole and link.prev_hash != last_hash:
            return f"event {link.seq}: it does not follow event {seq}"
        seq, last_hash = link.seq, digest.hex()
    return None


def _link(body: bytes) -> _Link | None:
    try:
        return msgspec.json.decode(body, type=_Link)
    except msgspec.DecodeError:
        return None
