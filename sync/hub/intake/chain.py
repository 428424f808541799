"""The chain of each kiosk's events: how far it is complete, and where it breaks."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Subquery,
    Table,
    and_,
    bindparam,
    func,
    select,
    union,
)

from sync.hub.circulation.facts import Finding, Severity
from sync.hub.intake.wire import Envelope
from sync.hub.store import schema
from sync.hub.store.among import among
from sync.hub.store.rows import put_rows
from sync.protocol import GENESIS_HASH, AckedThrough

#: Events looked at in one query.
_STRIDE = 500

#: Where places of a chain are taken.
_TABLES = (schema.events, schema.event_copies, schema.quarantine)

_Head = tuple[int, str]


def _in_ledger(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.kiosk_id == bindparam("kiosk_id"), table.c.epoch == bindparam("epoch")
    )


def _links(where: Callable[[Column[int]], ColumnElement[bool]]) -> Subquery:
    return union(
        *(
            select(table.c.seq, table.c.hash, table.c.prev_hash).where(
                _in_ledger(table), where(table.c.seq)
            )
            for table in _TABLES
        )
    ).subquery()


#: Places of an epoch that are taken: stored, recorded anew, or kept for staff.
#: Its parameters: `between`.
LINKS = _links(lambda seq: seq.between(bindparam("first"), bindparam("last")))
_IN_ORDER = select(LINKS).order_by(LINKS.c.seq)
_AT = select(_links(lambda seq: among(seq, "seqs")))
_HEADS = schema.kiosk_heads
_HEAD = select(_HEADS.c.seq, _HEADS.c.hash, _HEADS.c.gap_since).where(
    _in_ledger(_HEADS)
)
_ENDS = select(
    *(
        select(func.max(table.c.seq)).where(_in_ledger(table)).scalar_subquery()
        for table in _TABLES
    )
)


def acked_through(conn: Connection, kiosk_id: str, epoch: str) -> AckedThrough | None:
    """The hub holds every event up to this one; None without the first."""
    head = _stored_head(conn, kiosk_id, epoch)
    if head is None or not head["seq"]:
        return None
    return AckedThrough(epoch=epoch, seq=head["seq"], hash=head["hash"])


def holds_of(
    conn: Connection, kiosk_id: str, epochs: Iterable[str]
) -> tuple[AckedThrough, ...]:
    """The same of several epochs, with seq 0 where the hub holds nothing."""
    return tuple(
        acked_through(conn, kiosk_id, epoch)
        or AckedThrough(epoch=epoch, seq=0, hash=GENESIS_HASH)
        for epoch in epochs
    )


def advance(
    conn: Connection, kiosk_id: str, epoch: str, now: dt.datetime
) -> AckedThrough | None:
    """Move the head over all events that have come without a gap."""
    old = _stored_head(conn, kiosk_id, epoch)
    start = (old["seq"], old["hash"]) if old else (0, GENESIS_HASH)
    seq, hash_ = _walk(conn, kiosk_id, epoch, start)
    highest = _highest(conn, kiosk_id, epoch)
    if not highest:
        return None
    before = (old["seq"], old["gap_since"]) if old else None
    row = {
        "kiosk_id": kiosk_id,
        "epoch": epoch,
        "seq": seq,
        "hash": hash_,
        "highest_seq": highest,
        "gap_since": gap_since(before, seq, highest, now),
        "changed_at": now,
    }
    put_rows(conn, schema.kiosk_heads, [row])
    return AckedThrough(epoch=epoch, seq=seq, hash=hash_) if seq else None


class Neighbours:
    """What stands next to the places of some events, as more and more are stored."""

    def __init__(self, conn: Connection, envelopes: Sequence[Envelope]) -> None:
        self._links: dict[tuple[str, str, int], tuple[str, str]] = {}
        seqs: dict[tuple[str, str], set[int]] = defaultdict(set)
        for one in envelopes:
            seqs[one.kiosk_id, one.epoch] |= {one.seq - 1, one.seq + 1}
        for (kiosk_id, epoch), some in seqs.items():
            ledger = {"kiosk_id": kiosk_id, "epoch": epoch, "seqs": some}
            for row in conn.execute(_AT, ledger):
                self._links[kiosk_id, epoch, row.seq] = row.hash, row.prev_hash

    def add(self, envelope: Envelope) -> None:
        """It was stored."""
        place = envelope.kiosk_id, envelope.epoch, envelope.seq
        self._links[place] = envelope.hash, envelope.prev_hash

    def break_at(self, envelope: Envelope) -> Finding | None:
        """One that doesn't fit its neighbours: the card was cloned or altered."""
        ledger, seq = (envelope.kiosk_id, envelope.epoch), envelope.seq
        before, _ = self._links.get((*ledger, seq - 1), (None, None))
        _, after = self._links.get((*ledger, seq + 1), (None, None))
        if seq == 1:
            before = GENESIS_HASH
        fits_before = before in (None, envelope.prev_hash)
        if fits_before and after in (None, envelope.hash):
            return None
        sides = {"epoch": envelope.epoch, "seq": seq}
        return Finding("chain_broken", Severity.HIGH, envelope.event_id, sides)


def between(kiosk_id: str, epoch: str, first: int, last: int) -> dict[str, object]:
    """Asks `LINKS` for the places from `first` to `last` of an epoch."""
    return {"kiosk_id": kiosk_id, "epoch": epoch, "first": first, "last": last}


def gap_since(
    old: tuple[int, dt.datetime | None] | None, seq: int, highest: int, now: dt.datetime
) -> dt.datetime | None:
    """Since when an event is missing right after `seq`; None if none is.

    `old`: where the head stood before and since when there was a gap.
    """
    if highest == seq:
        return None
    if old is not None and old[0] == seq and old[1] is not None:
        return old[1]
    return now


def _walk(conn: Connection, kiosk_id: str, epoch: str, head: _Head) -> _Head:
    """Follow the numbers until one is missing."""
    while True:
        first, last = head[0] + 1, head[0] + _STRIDE
        rows = conn.execute(_IN_ORDER, between(kiosk_id, epoch, first, last)).all()
        whole = [row for at, row in enumerate(rows, head[0] + 1) if row.seq == at]
        if whole:
            head = (whole[-1].seq, whole[-1].hash)
        if len(whole) < _STRIDE:
            return head


def _stored_head(conn: Connection, kiosk_id: str, epoch: str) -> RowMapping | None:
    ledger = {"kiosk_id": kiosk_id, "epoch": epoch}
    return conn.execute(_HEAD, ledger).mappings().one_or_none()


def _highest(conn: Connection, kiosk_id: str, epoch: str) -> int:
    ledger = {"kiosk_id": kiosk_id, "epoch": epoch}
    return max(end or 0 for end in conn.execute(_ENDS, ledger).one())
