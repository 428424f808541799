from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store.engine import UnsafeSqlite, check_sqlite
from kiosk.store.errors import LedgerError, LedgerInUse, MirrorInUse
from kiosk.store.ledger import SqliteLedger
from kiosk.store.lock import WriterLock
from kiosk.store.mirror_writer import MirrorWriter
from tests.integration.store_samples import AT, HUB_PUBLIC, KIOSK, fact, record_facts

OPEN_IT = """
import sys
from pathlib import Path
from kiosk.store.errors import LedgerInUse
from kiosk.store.ledger import SqliteLedger
try:
    SqliteLedger(Path(sys.argv[1]), "K-1")
except LedgerInUse as err:
    sys.exit(str(err))
"""


@pytest.mark.fault("O13")
def test_second_process_is_refused_with_a_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        second = subprocess.run(
            [sys.executable, "-c", OPEN_IT, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )

        assert second.returncode == 1
        assert "ledger.lock: another process writes here already" in second.stderr
        assert [event.seq for event in record_facts(ledger, 1, 2)] == [1, 2]


@pytest.mark.fault("O13")
def test_second_ledger_in_one_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path, KIOSK)), pytest.raises(LedgerInUse):
        SqliteLedger(path, KIOSK)


@pytest.mark.fault("O13")
def test_second_mirror_writer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    with closing(MirrorWriter(path, HUB_PUBLIC)), pytest.raises(MirrorInUse):
        MirrorWriter(path, HUB_PUBLIC)


def test_closed_ledger_lets_the_next_one_in(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path, KIOSK)
    ledger.close()
    ledger.close()

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.record([fact(1)], AT)[0].seq == 1


def test_failed_opening_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.mkdir()
    with pytest.raises(LedgerError):
        SqliteLedger(path, KIOSK)
    path.rmdir()

    SqliteLedger(path, KIOSK).close()


RACING = [(3, 35, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2)]
MENDED = [(3, 44, 6), (3, 44, 9), (3, 50, 7), (3, 51, 3), (3, 54, 1)]


@pytest.fixture
def freed_lock(tmp_path: Path) -> WriterLock:
    lock = WriterLock(tmp_path / "ledger.lock", LedgerInUse)
    lock.close()
    return lock


@pytest.mark.fault("O12")
@pytest.mark.parametrize("version", RACING)
def test_sqlite_with_the_wal_reset_race_needs_the_lock(
    tmp_path: Path, freed_lock: WriterLock, version: tuple[int, int, int]
) -> None:
    with pytest.raises(UnsafeSqlite, match="may lose commits of two writers"):
        check_sqlite(version, freed_lock)

    held = WriterLock(tmp_path / "ledger.lock", LedgerInUse)
    check_sqlite(version, held)
    held.close()


@pytest.mark.parametrize("version", MENDED)
def test_sqlite_without_the_race_is_taken_as_it_is(
    freed_lock: WriterLock, version: tuple[int, int, int]
) -> None:
    check_sqlite(version, freed_lock)


@pytest.mark.fault("O12")
def test_sqlite_that_is_too_old_is_refused(freed_lock: WriterLock) -> None:
    with pytest.raises(UnsafeSqlite, match=r"3\.34\.1 is too old"):
        check_sqlite((3, 34, 1), freed_lock)
