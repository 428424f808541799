"""How long each boot ran since an event, found without reading every event."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import cast

import pytest

from kiosk.store.ledger import SqliteLedger
from sync.protocol import Event
from tests.integration.ledger_world import ledger, path
from tests.integration.store_samples import AT, fact

__all__ = ["ledger", "path"]


@pytest.mark.parametrize("seed", range(4))
def test_each_boot_counts_as_long_as_its_last_event_says(
    ledger: SqliteLedger, seed: int
) -> None:
    rng = random.Random(seed)
    events = _record_boots(ledger, [rng.randint(1, 9) for _ in range(5)])

    for after in range(len(events) + 1):
        said = {one.boot_id: one.monotonic_ns for one in events[after:]}
        assert ledger.uptimes_after(after) == said


def test_events_that_retention_removed_are_not_asked_for(ledger: SqliteLedger) -> None:
    events = _record_boots(ledger, [5, 5])
    ledger.remove_through(events[2])

    said = {one.boot_id: one.monotonic_ns for one in (events[4], events[9])}
    assert ledger.uptimes_after(0) == said


def test_weeks_without_a_hub_cost_a_few_looks(ledger: SqliteLedger) -> None:
    few = _record_boots(ledger, [10])
    with _statements(ledger) as for_few:
        ledger.uptimes_after(0)
    many = _record_boots(ledger, [500])
    with _statements(ledger) as for_many:
        ledger.uptimes_after(len(few))

    assert len(ledger.uptimes_after(0)) == 2
    assert many[-1].seq == 510
    assert 0 < len(for_few) < len(for_many) <= 20


def _record_boots(ledger: SqliteLedger, sizes: Sequence[int]) -> list[Event]:
    """So many events in each of as many boots, a second apart."""
    first = ledger.head().seq
    events: list[Event] = []
    for size in sizes:
        boot = f"boot-{first + len(events)}"
        for second in range(1, size + 1):
            at = replace(AT, boot_id=boot, monotonic_ns=second * 10**9)
            events += ledger.record([fact(first + len(events))], at)
    return events


@contextmanager
def _statements(ledger: SqliteLedger) -> Iterator[list[str]]:
    """What SQLite itself is asked meanwhile, whoever asks."""
    asked: list[str] = []
    with closing(ledger._engine.raw_connection()) as pooled:
        sqlite = cast(sqlite3.Connection, pooled.driver_connection)
    sqlite.set_trace_callback(asked.append)
    try:
        yield asked
    finally:
        sqlite.set_trace_callback(None)
