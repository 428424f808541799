"""Write-ahead logs that are missing, torn or of another ledger."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_files import wal_of
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import PAGE_BYTES, Reason
from kiosk.store.pages import is_broken, read_frames
from sync.protocol import AckedThrough
from tests.integration.broken_ledger import (
    EVENTS,
    closed_ledger,
    killed_ledger,
    salvaged_events,
)
from tests.integration.ledger_world import path
from tests.integration.store_samples import (
    AT,
    KIOSK,
    fact,
    record_facts,
)

__all__ = ["path"]

pytestmark = pytest.mark.fault("O10")


def test_missing_wal_begins_a_new_epoch(path: Path) -> None:
    """Events whose numbers were given are gone: none may be given again."""
    events = killed_ledger(path)
    wal_of(path).unlink()

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        (event,) = ledger.record([fact(100)], AT)

        assert ledger.opening.began is Reason.WAL_LOST
        assert event.epoch != events[0].epoch


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, bytes(range(256)) * 40])
def test_wal_without_content_counts_as_missing(path: Path, content: bytes) -> None:
    killed_ledger(path)
    wal_of(path).write_bytes(content)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is Reason.WAL_LOST
        assert ledger.next_receipt() > 1000


def test_clean_close_needs_no_wal(path: Path) -> None:
    closed_ledger(path)
    wal_of(path).unlink(missing_ok=True)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is None


def test_missing_shm_is_no_loss(path: Path) -> None:
    events = killed_ledger(path)
    path.with_name("ledger.db-shm").unlink(missing_ok=True)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is None
        assert ledger.head().hash == events[-1].hash


def test_garbage_in_the_middle_of_the_wal_loses_no_event_behind_it(path: Path) -> None:
    """SQLite itself would drop all that follows, and say nothing."""
    events = killed_ledger(path)
    wal = wal_of(path)
    content = bytearray(wal.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = b"\xa5" * 8
    wal.write_bytes(content)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        kept = salvaged_events(path, events[0].epoch)

        assert ledger.opening.fault == "the WAL is damaged before its end"
        assert kept[-1] == events[-1]
        assert len(kept) >= EVENTS - 2


def test_torn_last_transaction_is_no_damage(path: Path) -> None:
    """That is how a power cut during a commit looks: it was never acknowledged."""
    events = killed_ledger(path)
    wal = wal_of(path)
    wal.write_bytes(wal.read_bytes()[:-100])

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is None
        assert ledger.head().hash == events[-2].hash


def test_wal_of_another_ledger_harms_nothing(path: Path, tmp_path: Path) -> None:
    events = closed_ledger(path)
    other = tmp_path / "other"
    other.mkdir()
    with closing(SqliteLedger(other / "ledger.db", "K-2")) as ledger:
        record_facts(ledger, 1, 20)
        foreign = wal_of(other / "ledger.db").read_bytes()
    wal_of(path).write_bytes(foreign)

    with closing(SqliteLedger(path, KIOSK)):
        assert salvaged_events(path, events[0].epoch) == events
        assert LedgerReader(path).epochs() == (events[0].epoch,)


def test_restored_backup_is_found_by_what_the_hub_remembers(path: Path) -> None:
    closed_ledger(path, 5)
    backup = path.read_bytes()
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        last = record_facts(ledger, 6, 9)[-1]
    path.write_bytes(backup)
    acked = AckedThrough(epoch=last.epoch, seq=last.seq, hash=last.hash)

    with closing(SqliteLedger(path, KIOSK, acked)) as again:
        assert again.opening.began is Reason.BEHIND_HUB
        assert again.head().epoch != last.epoch
    with closing(SqliteLedger(path, KIOSK, acked)) as once_more:
        assert once_more.opening.began is None


def test_ledger_with_other_content_than_the_hub_has_begins_a_new_epoch(
    path: Path,
) -> None:
    last = closed_ledger(path, 5)[-1]
    acked = AckedThrough(epoch=last.epoch, seq=3, hash="ab" * 32)

    with closing(SqliteLedger(path, KIOSK, acked)) as ledger:
        assert ledger.opening.began is Reason.BEHIND_HUB


def test_ledger_that_agrees_with_the_hub_goes_on(path: Path) -> None:
    events = closed_ledger(path, 5)
    acked = AckedThrough(epoch=events[2].epoch, seq=3, hash=events[2].hash)

    with closing(SqliteLedger(path, KIOSK, acked)) as ledger:
        assert ledger.opening.began is None


def test_epoch_that_only_the_hub_knows_is_taken_up_once(path: Path) -> None:
    closed_ledger(path, 2)
    acked = AckedThrough(epoch="from-before", seq=7, hash="ab" * 32)

    with closing(SqliteLedger(path, KIOSK, acked)) as ledger:
        assert ledger.opening.began is Reason.BEHIND_HUB
    with closing(SqliteLedger(path, KIOSK, acked)) as again:
        assert again.opening.began is None


def test_wal_without_database_is_set_aside_and_read(path: Path) -> None:
    events = killed_ledger(path)
    path.unlink()

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.fault == "there is a WAL but no database"
        assert salvaged_events(path, events[0].epoch) == events


def test_frames_of_a_sound_wal_are_all_valid(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        record_facts(ledger, 1, 3)
        frames = read_frames(wal_of(path), PAGE_BYTES)

    assert frames[-1].commit
    assert all(frame.valid for frame in frames)
    assert not is_broken(frames)
