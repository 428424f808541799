"""System calls that fail under the ledger: what is said, and what is there afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kiosk.store.ledger import SqliteLedger
from tests.integration.faulty_medium import EVENTS
from tests.integration.ledger_world import path
from tests.integration.store_samples import KIOSK

__all__ = ["path"]

SYNC, WRITE = "posix/io/sync/fdatasync", "posix/io/rw/pwrite"
#: A loan takes about ten writes: between two faults lie some loans and a part of one,
#: so that the faults wander over all positions.
STRIDES = (17, 23, 29)


def record_while(
    folder: Path, call: str, error: str, first: int, every: int = 0
) -> dict[str, Any]:
    """Record facts while that call fails at its positions; what was said and stored."""
    done = subprocess.run(
        [
            *("fiu-run", "-x", sys.executable, "-m", "tests.integration.faulty_medium"),
            *(str(folder), call, error, str(first), str(every)),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["failed"], "no call failed: the test shows nothing"
    assert len(told["confirmed"]) + len(told["refused"]) == EVENTS
    return told


@pytest.mark.fault("O06")
def test_one_failed_sync_refuses_one_loan_and_the_next_is_recorded(
    tmp_path: Path,
) -> None:
    told = record_while(tmp_path, SYNC, "EIO", first=3)

    assert told["refused"] == [["fact-2", "LedgerUnwritable"]]
    assert told["stored"] == told["confirmed"]
    assert told["fault"] is None


@pytest.mark.fault("O06")
@pytest.mark.parametrize("every", [1, 2, 5])
def test_what_a_failed_sync_called_off_never_comes_back(
    tmp_path: Path, every: int
) -> None:
    """Its frames lie whole in the WAL; a new connection would replay them."""
    told = record_while(tmp_path, SYNC, "EIO", first=3, every=every)

    assert len(told["refused"]) > EVENTS // 3
    assert told["stored"] == told["confirmed"]
    assert told["fault"] is None


@pytest.mark.fault("O07")
@pytest.mark.parametrize("every", STRIDES)
def test_a_full_disk_refuses_the_loan_it_meets_and_no_other(
    tmp_path: Path, every: int
) -> None:
    told = record_while(tmp_path, WRITE, "ENOSPC", first=5, every=every)

    assert {kind for _, kind in told["refused"]} == {"LedgerFull"}
    assert len(told["confirmed"]) > EVENTS // 3
    assert told["stored"] == told["confirmed"]
    assert told["fault"] is None


@pytest.mark.fault("O06", "O07")
@pytest.mark.parametrize(("error", "every"), [("EIO", 40), ("ENOSPC", 40)])
def test_after_the_faults_the_next_process_finds_what_was_confirmed(
    path: Path, error: str, every: int
) -> None:
    told = record_while(path.parent, WRITE, error, first=30, every=every)

    again = SqliteLedger(path, KIOSK)

    assert again.opening.began is None
    assert again.head().seq == len(told["confirmed"]) > 0
    again.close()


def every_write_meets_a_full_disk(folder: Path) -> None:
    """The long form: each of the writes of the first three loans fails once."""
    for position in range(1, 43):
        place = folder / str(position)
        place.mkdir()

        told = record_while(place, WRITE, "ENOSPC", first=position)

        assert [kind for _, kind in told["refused"]] == ["LedgerFull"]
        assert told["stored"] == told["confirmed"]
        assert told["fault"] is None
