from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kiosk.service.ports import Security, TagTarget
from kiosk.store import engine
from kiosk.store.errors import (
    LedgerBusy,
    LedgerFull,
    LedgerUnwritable,
)
from kiosk.store.ledger import SqliteLedger
from tests.integration.ledger_world import ledger, path, wal_bytes
from tests.integration.store_samples import (
    AT,
    KIOSK,
    fact,
    record_facts,
)

__all__ = ["ledger", "path"]


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """Every write behind this size fails, as on a medium that went bad."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_failed_write_did_not_happen_and_the_next_one_does(
    path: Path, ledger: SqliteLedger
) -> None:
    record_facts(ledger, 1, 3)

    with no_file_grows_beyond(wal_bytes(path)), pytest.raises(LedgerUnwritable):
        ledger.record([fact(4)], AT, [TagTarget("E1", "B1", Security.OUT)])

    assert ledger.head().seq == 3
    assert ledger.tag_states(["E1"]) == {}
    assert [event.seq for event in record_facts(ledger, 4, 5)] == [4, 5]
    assert ledger.first_break() is None


def test_full_disk_is_said_and_leaves_a_working_ledger(ledger: SqliteLedger) -> None:
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    many = [fact(number) for number in range(100, 130)]

    with pytest.raises(LedgerFull):
        ledger.record(many, AT)

    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")
    assert ledger.record([fact(1)], AT)[0].seq == 1


def test_foreign_lock_is_said_and_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerBusy):
                ledger.record([fact(1)], AT)

        assert ledger.record([fact(1)], AT)[0].seq == 1


def test_folder_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnwritable, match="nowhere"):
        SqliteLedger(tmp_path / "nowhere" / "ledger.db", KIOSK)
