"""How an event gets its number, its place in the chain and its row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.service.ports import Draft, Head, Moment
from kiosk.store.chain import event_of
from kiosk.store.errors import LedgerRefused
from kiosk.store.ledger_queries import head_of
from kiosk.store.ledger_schema import (
    STORED,
    Reason,
    epochs,
    events,
    open_asks,
    subjects,
)
from sync.protocol import Event, Kind, Mode, canonical, chain_hash

CLOSES = frozenset({Kind.CONFIRMED, Kind.WITHDRAWN})


#: One session's stack at most, so they are looked through one by one.
_OPEN_ASKS = select(events.c.number, *STORED).join_from(
    open_asks, events, events.c.number == open_asks.c.number
)


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
    """Add events behind the head. Raises LedgerRefused; the caller rolls back."""
    head, before = head_of(connection)
    recorded = []
    for draft in drafts:
        complete = _close_ask(connection, draft) if draft.kind in CLOSES else draft
        event = _chained(complete, kiosk_id, head, at)
        recorded.append(_insert(connection, before + event.seq, event))
        head = Head(event.epoch, event.seq, event.hash)
    return tuple(recorded)


def insert_salvaged(
    connection: Connection, kiosk_id: str, salvaged: Mapping[int, Event]
) -> None:
    """Put events of a damaged ledger under their old epochs, with their old numbers.

    Their asks are not opened again, as in `begin_epoch`.
    """
    known: set[str] = set()
    for number, event in salvaged.items():
        if event.epoch not in known:
            known.add(event.epoch)
            before = number - event.seq
            _insert_epoch(
                connection, event.epoch, kiosk_id, before, Reason.SALVAGED, whole=False
            )
    for number, event in salvaged.items():
        _insert_rows(connection, number, event, canonical(event))


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


def _close_ask(connection: Connection, draft: Draft) -> Draft:
    """Close the open ask a draft refers to; fill item, patron and loan from it."""
    for number, digest, body in connection.execute(_OPEN_ASKS).all():
        ask = event_of(digest, body)
        if ask.event_id == draft.refers_to:
            connection.execute(open_asks.delete().where(open_asks.c.number == number))
            return _filled_from(ask, draft)
    text = f"{draft.kind} refers to {draft.refers_to}, which is no open ask"
    raise LedgerRefused(text)


def _filled_from(ask: Event, draft: Draft) -> Draft:
    return dataclasses.replace(
        draft,
        item=ask.item if draft.item is None else draft.item,
        patron_ref=ask.patron_ref if draft.patron_ref is None else draft.patron_ref,
        loan_ref=ask.loan_ref if draft.loan_ref is None else draft.loan_ref,
    )


def _chained(draft: Draft, kiosk_id: str, head: Head, at: Moment) -> Event:
    event = Event(
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
    return msgspec.structs.replace(event, hash=chain_hash(event))


def _insert(connection: Connection, number: int, event: Event) -> Event:
    """Store a new event; return it as it will be read back."""
    body = canonical(event)
    _insert_rows(connection, number, event, body)
    if event.mode is Mode.ASK:
        connection.execute(open_asks.insert().values(number=number))
    return event_of(bytes.fromhex(event.hash), body)


def _insert_rows(
    connection: Connection, number: int, event: Event, body: bytes
) -> None:
    connection.execute(
        events.insert().values(
            number=number,
            event_id=event.event_id,
            hash=bytes.fromhex(event.hash),
            body=body,
        )
    )
    connection.execute(
        subjects.insert().values(
            number=number, item=event.item, patron_ref=event.patron_ref
        )
    )
