"""Takes what can still be read out of a damaged ledger; changes nothing there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select

from kiosk.service.ports import TagState
from kiosk.store.chain import event_of
from kiosk.store.engine import reader_engine, transaction
from kiosk.store.errors import LedgerError, ledger_error
from kiosk.store.ledger_schema import PAGE_BYTES, state, tag_states
from kiosk.store.pages import Pages, read_frames, read_pages, rows
from sync.protocol import AckedThrough, Event


@dataclass(frozen=True, slots=True)
class Salvage:
    """Events by their number in the old ledger, tags oldest first, receipts printed.

    `receipts` is 0 when the counter could not be read.
    """

    events: Mapping[int, Event]
    tags: tuple[TagState, ...]
    receipts: int


def salvage(
    path: Path, wal: Path, kiosk_id: str, acked: AckedThrough | None
) -> Salvage:
    """Collect this kiosk's events that the hub has not acknowledged.

    Events are taken from the raw pages, each proved by its own hash. Tags and
    the counter are taken as far as SQLite reads them: a tag's state is found
    again at its next sight.
    """
    pages = read_pages(path, PAGE_BYTES)
    found = _events_in(pages, kiosk_id)
    for frame in read_frames(wal, PAGE_BYTES):
        pages[frame.page] = frame.image
    found |= _events_in(pages, kiosk_id)
    kept = {
        number: event
        for number, event in sorted(found.items())
        if not _is_acked(event, acked)
    }
    return Salvage(kept, _tags(path), _receipts(path))


def _events_in(pages: Pages, kiosk_id: str) -> dict[int, Event]:
    found = {}
    for number, columns in rows(pages):
        event = _event(columns)
        if event is not None and event.kiosk_id == kiosk_id:
            found[number] = event
    return found


def _event(columns: list[bytes]) -> Event | None:
    if len(columns) < 2:
        return None
    digest, body = columns[-2:]
    if hashlib.sha256(body).digest() != digest:
        return None
    try:
        return event_of(digest, body)
    except msgspec.DecodeError:
        return None


def _is_acked(event: Event, acked: AckedThrough | None) -> bool:
    return acked is not None and event.epoch == acked.epoch and event.seq <= acked.seq


def _tags(path: Path) -> tuple[TagState, ...]:
    query = select(tag_states).order_by(tag_states.c.since)
    found = {}
    for row in _readable(path, query):
        with suppress(msgspec.ValidationError):  # garbage where a tag was
            tag = msgspec.convert(row, TagState, from_attributes=True)
            found[tag.uid] = tag
    return tuple(found.values())


def _receipts(path: Path) -> int:
    counters = [row.receipts for row in _readable(path, select(state))]
    return max((count for count in counters if isinstance(count, int)), default=0)


def _readable(path: Path, query: Select[Any]) -> Sequence[Row[Any]]:
    try:
        with transaction(reader_engine(path), ledger_error) as connection:
            return connection.execute(query).all()
    except LedgerError:
        return ()
