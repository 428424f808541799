"""What is salvaged where rows and pages stand that are whole and yet wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_files import wal_of
from kiosk.store.ledger_schema import PAGE_BYTES, Reason
from tests.integration.broken_ledger import (
    EVENTS,
    closed_ledger,
    killed_ledger,
    salvaged_events,
)
from tests.integration.ledger_world import path
from tests.integration.store_samples import AT, KIOSK, fact, record_facts

__all__ = ["path"]

pytestmark = pytest.mark.fault("O09")

WAL_HEADER_BYTES = 32
WAL_FRAME_HEADER_BYTES = 24


def test_head_that_is_gone_while_its_subject_stays_blocks_no_number(path: Path) -> None:
    """A write that the medium lost: the next event would find its number taken."""
    events = closed_ledger(path)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM event WHERE number = ?", [EVENTS])

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is Reason.SALVAGED
        (new,) = ledger.record([fact(100)], AT)
        assert new.epoch != events[0].epoch
        assert salvaged_events(path, events[0].epoch) == events[:-1]


def test_row_that_stands_twice_is_salvaged_once(path: Path) -> None:
    """A page that was written to another one's place."""
    events = closed_ledger(path)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "UPDATE event SET (hash, body) ="
            " (SELECT hash, body FROM event WHERE number = 8) WHERE number = 7"
        )

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        kept = salvaged_events(path, events[0].epoch)
        assert kept == (*events[:6], *events[7:])
        assert ledger.first_break() is None


def test_what_a_failed_commit_left_replaces_nothing_that_is_salvaged(
    path: Path, tmp_path: Path
) -> None:
    """Behind the last commit may lie a rest of one that was called off."""
    events = killed_ledger(path)
    twin = tmp_path / "twin.db"
    with closing(SqliteLedger(twin, KIOSK, new_epoch=lambda: events[0].epoch)) as other:
        called_off = record_facts(other, 501, 500 + EVENTS)
        rest = wal_of(twin).read_bytes()[WAL_HEADER_BYTES:]
    wal = wal_of(path)
    kept = wal.read_bytes()
    frame = WAL_FRAME_HEADER_BYTES + PAGE_BYTES
    salts = kept[16:24]
    left = b"".join(
        rest[at : at + 8] + salts + rest[at + 16 : at + frame]
        for at in range(0, len(rest), frame)
    )
    wal.write_bytes(kept + left)
    assert len(called_off) == EVENTS

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is Reason.SALVAGED
        assert salvaged_events(path, events[0].epoch) == events
    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.opening.fault is None
