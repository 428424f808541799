"""What a durable accept is held against: a bare append, and a queue others use."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from persistqueue import SQLiteAckQueue
from persistqueue.serializers import json as as_json

from kiosk.store.ledger_schema import PAGE_BYTES
from sync.protocol import Event, canonical

#: At so many bytes in the WAL the ledger empties it.
_CHECKPOINT_BYTES = 4000 * PAGE_BYTES
#: No event of a single loan is longer.
_EVENT_BYTES = 1000


@contextmanager
def appender(folder: Path) -> Iterator[Callable[[Sequence[Event]], None]]:
    """The least that could be called durable: one write at the end of a file."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    handle = os.open(folder / "append", flags, 0o600)

    def append(events: Sequence[Event]) -> None:
        os.write(handle, b"".join(map(canonical, events)))
        os.fdatasync(handle)

    try:
        yield append
    finally:
        os.close(handle)


@contextmanager
def overwriter(folder: Path, events: int) -> Iterator[Callable[[Event], None]]:
    """The least of all: into blocks that were written before, so no metadata follows."""
    flags = os.O_WRONLY | os.O_CREAT
    handle = os.open(folder / "overwritten", flags, 0o600)
    os.write(handle, bytes(events * _EVENT_BYTES))
    os.fsync(handle)
    places = itertools.count(step=_EVENT_BYTES)

    def overwrite(event: Event) -> None:
        os.pwrite(handle, canonical(event), next(places))
        os.fdatasync(handle)

    try:
        yield overwrite
    finally:
        os.close(handle)


@contextmanager
def ack_queue(folder: Path) -> Iterator[SQLiteAckQueue]:
    """One that syncs at each commit and empties its WAL as rarely as the ledger.

    It has SQLite's own page size, as everybody gets it.
    """
    queue = SQLiteAckQueue(str(folder / "queue"), serializer=as_json)
    connection = queue._putter  # it has no other way to set a pragma
    connection.execute("PRAGMA synchronous = FULL")
    page = connection.execute("PRAGMA page_size").fetchone()[0]
    pages = _CHECKPOINT_BYTES // page
    connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
    assert _pragmas(queue) == ("wal", 2)
    try:
        yield queue
    finally:
        queue.close()


def put_one(queue: SQLiteAckQueue, event: Event) -> None:
    """The whole event, hash and all, as the queue would hold it for an outbox."""
    queue.put(msgspec.to_builtins(event))


def _pragmas(queue: SQLiteAckQueue) -> tuple[str, int]:
    journal, synchronous = (
        queue._putter.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    )
    return journal, synchronous
