"""Removes the oldest events of an epoch, and remembers where it starts from then on."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from kiosk.store.errors import LedgerRefused
from kiosk.store.ledger_queries import events_between, span_of, to_events
from kiosk.store.ledger_schema import epochs, events, subjects, trimmed
from sync.protocol import Event


def oldest_events(
    connection: Connection, epoch: str, through: int, limit: int
) -> tuple[Event, ...]:
    """The first events of an epoch that are there, up to seq `through`.

    The last one of an epoch never counts: it is the head, or what the next hangs on.
    """
    span = span_of(connection, epoch)
    if span is None:
        return ()
    before, last = span
    query = events_between(before, min(before + through, last - 1)).limit(limit)
    return to_events(connection.execute(query))


def remove_through(connection: Connection, last: Event) -> int:
    """Remove an epoch's events up to and with `last`; return how many went.

    Raises LedgerRefused for the epoch's own last event.
    """
    span = span_of(connection, last.epoch)
    if span is None or span[0] + last.seq >= span[1]:
        raise LedgerRefused(f"event {last.seq} of {last.epoch} can't be removed")
    numbers = (span[0], span[0] + last.seq)
    _remember(connection, last)
    for table in (subjects, events):
        within = table.c.number > numbers[0], table.c.number <= numbers[1]
        removed = connection.execute(table.delete().where(*within)).rowcount
    return removed


def _remember(connection: Connection, last: Event) -> None:
    ordinal = select(epochs.c.ordinal).where(epochs.c.epoch == last.epoch)
    row = insert(trimmed).values(
        ordinal=ordinal.scalar_subquery(), seq=last.seq, hash=bytes.fromhex(last.hash)
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=[trimmed.c.ordinal],
            set_={"seq": row.excluded.seq, "hash": row.excluded.hash},
        )
    )
