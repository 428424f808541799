"""Takes what can still be read out of a damaged ledger; changes nothing there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select

from kiosk.service.ports import Security, TagState
from kiosk.store.chain import event_of
from kiosk.store.engine import reader_engine, transaction
from kiosk.store.errors import LedgerError, ledger_error
from kiosk.store.ledger_schema import (
    MAX_COUNT,
    PAGE_BYTES,
    state,
    tag_states,
    wishes,
)
from kiosk.store.pages import Pages, read_frames, read_pages, rows
from kiosk.store.renewal import Final
from sync.protocol import Event

#: Verdicts asked for at once.
_STRIDE = 500


@dataclass(frozen=True, slots=True)
class Salvage:
    """Events by epoch and in order, tags oldest first, receipts printed.

    `wishes`: what the tags of items shall be that were not seen, oldest first.
    `receipts` is 0 when the counter could not be read.
    """

    events: tuple[Event, ...]
    tags: tuple[TagState, ...]
    receipts: int
    wishes: Mapping[str, Security] = field(default_factory=dict)


def salvage(path: Path, wal: Path, kiosk_id: str, final: Final) -> Salvage:
    """Collect this kiosk's events on which the hub has not given its last word.

    How far the hub has got says nothing here: under the numbers of a card that was
    rolled back or cloned it holds other events.

    Events are taken from the raw pages, each proved by its own hash. Tags, wishes
    and the counter are taken as far as SQLite reads them: a tag's state is found
    again at its next sight.
    """
    pages = read_pages(path, PAGE_BYTES)
    found = _events_in(pages, kiosk_id)
    frames = read_frames(wal, PAGE_BYTES)
    pages |= {frame.page: frame.image for frame in frames if frame.valid}
    found |= _events_in(pages, kiosk_id)
    # What lies behind a break may be newer, or left over from a commit that failed.
    pages |= {frame.page: frame.image for frame in frames if not frame.valid}
    found = _events_in(pages, kiosk_id) | found
    judged = _judged(found.values(), final)
    kept = tuple(event for event in found.values() if event.event_id not in judged)
    return Salvage(_in_order(kept), _tags(path), _receipts(path), _wishes(path))


def _events_in(pages: Pages, kiosk_id: str) -> dict[tuple[str, int], Event]:
    """By place in the chain; the row's own number may be what was damaged."""
    found = {}
    for _, columns in sorted(rows(pages)):
        event = _event(columns)
        if event is not None and event.kiosk_id == kiosk_id:
            found[event.epoch, event.seq] = event
    return found


def _in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """Epochs in the order in which they were come across."""
    epochs = {epoch: n for n, epoch in enumerate({e.epoch: 0 for e in events})}
    return tuple(sorted(events, key=lambda event: (epochs[event.epoch], event.seq)))


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


def _judged(events: Collection[Event], final: Final) -> set[str]:
    ids = [event.event_id for event in events]
    pages = (ids[start : start + _STRIDE] for start in range(0, len(ids), _STRIDE))
    return {event_id for page in pages for event_id in final(page)}


def _tags(path: Path) -> tuple[TagState, ...]:
    query = select(tag_states).order_by(tag_states.c.since)
    found = {}
    for row in _readable(path, query):
        with suppress(msgspec.ValidationError):  # garbage where a tag was
            tag = msgspec.convert(row, TagState, from_attributes=True)
            found[tag.uid] = tag
    return tuple(found.values())


def _wishes(path: Path) -> dict[str, Security]:
    found = {}
    for row in _readable(path, select(wishes).order_by(wishes.c.since)):
        with suppress(msgspec.ValidationError):
            found[str(row.item)] = msgspec.convert(row.desired, Security)
    return found


def _receipts(path: Path) -> int:
    counters = [row.receipts for row in _readable(path, select(state))]
    sane = (n for n in counters if isinstance(n, int) and n < MAX_COUNT)
    return max(sane, default=0)


def _readable(path: Path, query: Select[Any]) -> Sequence[Row[Any]]:
    try:
        with transaction(reader_engine(path), ledger_error) as connection:
            return connection.execute(query).all()
    except LedgerError:
        return ()
