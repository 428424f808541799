"""How an event gets its number, its place in the chain and its row."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.service.ports import Draft, Head, Moment
from kiosk.store.chain import event_of
from kiosk.store.errors import LedgerRefused
from kiosk.store.ledger_queries import head_of, select_open_asks, to_events
from kiosk.store.ledger_schema import (
    Reason,
    epochs,
    events,
    open_asks,
    subjects,
)
from kiosk.store.prepared import Prepared
from sync.protocol import Event, Json, Kind, Mode, canonical

CLOSES = frozenset({Kind.CONFIRMED, Kind.WITHDRAWN})

_NEW_EVENT = Prepared(events.insert(), "number", "event_id", "hash", "body")
_NEW_SUBJECT = Prepared(subjects.insert(), "number", "item", "patron_ref")


def begin_epoch(
    connection: Connection, epoch: str, kiosk_id: str, reason: Reason
) -> None:
    """Start counting anew; what was recorded before stays and is still pushed.

    Open asks are given up: whether they were confirmed may be among what was
    lost, and a loan that happened must never be withdrawn.
    """
    connection.execute(open_asks.delete())
    last = connection.execute(select(func.max(events.c.number))).scalar_one()
    _insert_epoch(connection, epoch, kiosk_id, last or 0, reason, whole=True)


def append(
    connection: Connection, kiosk_id: str, drafts: Sequence[Draft], at: Moment
) -> tuple[Event, ...]:
    """Add events behind the head. Raises LedgerRefused; the caller rolls back.

    However many they are, it takes the same number of statements.
    """
    head, before = head_of(connection)
    closed = [draft.refers_to or "" for draft in drafts if draft.kind in CLOSES]
    asks = _take_open_asks(connection, before, closed) if closed else {}
    rows = []
    for draft in drafts:
        row = _row(before, _chained(_completed(draft, asks), kiosk_id, head, at))
        rows.append(row)
        if row.event.mode is Mode.ASK:
            asks[row.event.event_id] = row.event
        head = Head(row.event.epoch, row.event.seq, row.event.hash)
    _insert_rows(connection, rows)
    _open(connection, [before + ask.seq for ask in asks.values()])
    return tuple(event_of(bytes.fromhex(row.event.hash), row.body) for row in rows)


def chain_again(connection: Connection, again: Sequence[Event]) -> list[int]:
    """Add events of an older epoch behind the head, as they are but for their place.

    Returns their numbers.
    """
    head, before = head_of(connection)
    rows = []
    for event in again:
        placed = msgspec.structs.replace(
            event, epoch=head.epoch, seq=head.seq + 1, prev_hash=head.hash
        )
        rows.append(_row(before, placed))
        head = Head(head.epoch, placed.seq, rows[-1].event.hash)
    numbers = [row.number for row in rows]
    _insert_rows(connection, rows, again=numbers)
    return numbers


def insert_salvaged(
    connection: Connection, kiosk_id: str, salvaged: Sequence[Event]
) -> None:
    """Put events of a damaged ledger under their old epochs, in this order.

    They are numbered anew: where they stood may be what was damaged. Their asks are
    not opened again, as in `begin_epoch`.
    """
    before = last = 0
    known: set[str] = set()
    rows = []
    for event in salvaged:
        if event.epoch not in known:
            known.add(event.epoch)
            before = last
            _insert_epoch(
                connection, event.epoch, kiosk_id, before, Reason.SALVAGED, whole=False
            )
        last = before + event.seq
        rows.append(_Row(last, event, canonical(event)))
    first: dict[str, int] = {}
    again = [
        row.number
        for row in rows
        if first.setdefault(row.event.event_id, row.number) != row.number
    ]
    _insert_rows(connection, rows, again=again)


def know_epoch(connection: Connection, epoch: str, kiosk_id: str) -> None:
    """Remember an epoch of which nothing is left, so that it counts as known."""
    known = select(epochs.c.epoch).where(epochs.c.epoch == epoch)
    if connection.execute(known).one_or_none() is None:
        last = connection.execute(select(func.max(events.c.number))).scalar_one()
        _insert_epoch(
            connection, epoch, kiosk_id, last or 0, Reason.SALVAGED, whole=False
        )


def _insert_epoch(
    connection: Connection,
    epoch: str,
    kiosk_id: str,
    before: int,
    reason: Reason,
    *,
    whole: bool,
) -> None:
    connection.execute(
        epochs.insert().values(
            epoch=epoch, kiosk_id=kiosk_id, before=before, whole=whole, reason=reason
        )
    )


def _take_open_asks(
    connection: Connection, before: int, event_ids: Collection[str]
) -> dict[str, Event]:
    """Close the open asks among these events; return them by event id.

    All open asks are of the newest epoch, which `before` precedes.
    """
    every = to_events(connection.execute(select_open_asks()))
    asks = {ask.event_id: ask for ask in every if ask.event_id in event_ids}
    numbers = [before + ask.seq for ask in asks.values()]
    connection.execute(open_asks.delete().where(open_asks.c.number.in_(numbers)))
    return asks


def _completed(draft: Draft, asks: dict[str, Event]) -> Draft:
    """Give a close what its ask says, and take that ask out of `asks`."""
    if draft.kind not in CLOSES:
        return draft
    ask = asks.pop(draft.refers_to or "", None)
    if ask is None:
        text = f"{draft.kind} refers to {draft.refers_to}, which is no open ask"
        raise LedgerRefused(text)
    return _filled_from(ask, draft)


def _filled_from(ask: Event, draft: Draft) -> Draft:
    return dataclasses.replace(
        draft,
        item=ask.item if draft.item is None else draft.item,
        patron_ref=ask.patron_ref if draft.patron_ref is None else draft.patron_ref,
        loan_ref=ask.loan_ref if draft.loan_ref is None else draft.loan_ref,
        payload=draft.payload | _of(ask),
    )


def _of(ask: Event) -> Json:
    """A close says what it closes unless that is a loan."""
    return {"of": ask.kind.value} if ask.kind is Kind.RENEW else {}


def _chained(draft: Draft, kiosk_id: str, head: Head, at: Moment) -> Event:
    return Event(
        event_id=draft.event_id,
        kiosk_id=kiosk_id,
        epoch=head.epoch,
        seq=head.seq + 1,
        kind=draft.kind,
        occurred_at=at.wall,
        boot_id=at.boot_id,
        monotonic_ns=at.monotonic_ns,
        clock=at.quality,
        mode=draft.mode,
        session_id=draft.session_id,
        item=draft.item,
        patron_ref=draft.patron_ref,
        loan_ref=draft.loan_ref,
        refers_to=draft.refers_to,
        decided_by=draft.decided_by,
        rules_version=draft.rules_version,
        mirror_version=draft.mirror_version,
        payload=draft.payload,
        prev_hash=head.hash,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """A hashed event, its number, and the bytes that were hashed."""

    number: int
    event: Event
    body: bytes


def _row(before: int, event: Event) -> _Row:
    body = canonical(event)
    digest = hashlib.sha256(body).hexdigest()
    hashed = msgspec.structs.replace(event, hash=digest)
    return _Row(before + event.seq, hashed, body)


def _insert_rows(
    connection: Connection, rows: Sequence[_Row], again: Collection[int] = ()
) -> None:
    """`again`: the numbers of those that stand in the ledger once more."""
    anew = set(again)
    _NEW_EVENT.run_each(
        connection, [_event_row(row, anew=row.number in anew) for row in rows]
    )
    _NEW_SUBJECT.run_each(
        connection, [(row.number, row.event.item, row.event.patron_ref) for row in rows]
    )


def _event_row(row: _Row, *, anew: bool) -> tuple[int, str, bytes, bytes]:
    event = row.event
    event_id = f"{event.event_id} {event.epoch}" if anew else event.event_id
    return row.number, event_id, bytes.fromhex(event.hash), row.body


def _open(connection: Connection, numbers: Sequence[int]) -> None:
    if numbers:
        rows = [{"number": number} for number in numbers]
        connection.execute(open_asks.insert(), rows)
