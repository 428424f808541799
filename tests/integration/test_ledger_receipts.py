"""A receipt's number is durable with what it is for, and costs no commit of its own."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from kiosk.store.ledger import SqliteLedger
from tests.integration.ledger_world import ledger, path, wal_bytes
from tests.integration.store_samples import AT, KIOSK, fact

__all__ = ["ledger", "path"]


def test_number_of_a_recorded_loan_survives_a_crash(
    path: Path, ledger: SqliteLedger, tmp_path: Path
) -> None:
    printed = ledger.next_receipt()
    ledger.record([fact(1)], AT)

    with closing(SqliteLedger(_as_after_a_crash(path, tmp_path), KIOSK)) as again:
        assert again.opening.began is None
        assert again.next_receipt() == printed + 1


def test_number_that_nothing_was_recorded_for_is_given_again_after_a_crash(
    path: Path, ledger: SqliteLedger, tmp_path: Path
) -> None:
    drawn = ledger.next_receipt()

    with closing(SqliteLedger(_as_after_a_crash(path, tmp_path), KIOSK)) as again:
        assert again.next_receipt() == drawn


def test_drawing_a_number_writes_nothing(path: Path, ledger: SqliteLedger) -> None:
    before = wal_bytes(path)

    ledger.next_receipt()
    drawn = wal_bytes(path)
    ledger.record([fact(1)], AT)

    assert drawn == before < wal_bytes(path)


def _as_after_a_crash(path: Path, folder: Path) -> Path:
    """A copy of what lies on the card while the ledger is open."""
    copy = folder / "card" / path.name
    copy.parent.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    return copy
