"""Ledgers with events in them, closed or killed, to be broken."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import PAGE_BYTES
from sync.protocol import Event
from tests.integration.store_samples import (
    KIOSK,
    kill,
    record_facts,
)

EVENTS = 40


def closed_ledger(path: Path, count: int = EVENTS) -> tuple[Event, ...]:
    """A ledger that was closed cleanly: everything is in the one file."""
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        return record_facts(ledger, 1, count)


def killed_ledger(path: Path, count: int = EVENTS) -> tuple[Event, ...]:
    """A ledger whose process was killed: what is new is in the WAL."""
    ledger = SqliteLedger(path, KIOSK)
    events = record_facts(ledger, 1, count)
    kill(ledger)
    return events


def salvaged_events(path: Path, epoch: str) -> tuple[Event, ...]:
    return LedgerReader(path).events_after(epoch, 0, 10_000)


def zero_page(path: Path, number: int) -> None:
    with path.open("r+b") as file:
        file.seek((number - 1) * PAGE_BYTES)
        file.write(bytes(PAGE_BYTES))
