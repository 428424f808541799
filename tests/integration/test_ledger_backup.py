"""Copies of the ledger, the checks of `tongjie db`, and what a restored copy does."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kiosk.cli.db import db
from kiosk.identity import Identity, save_identity
from kiosk.store.backup import BackupExists, back_up
from kiosk.store.errors import LedgerDamaged, LedgerFull, LedgerMissing
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import UPGRADES, Reason
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import AckedThrough
from tests.integration.broken_ledger import closed_ledger, zero_page
from tests.integration.ledger_world import path
from tests.integration.store_samples import (
    AT,
    HUB_PUBLIC,
    KIOSK,
    record_facts,
)

__all__ = ["path"]

NOON = AT.wall


def run(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(db, [str(word) for word in words])
    return done.exit_code, done.output


def checked(folder: Path) -> tuple[int, dict[str, Any]]:
    code, said = run("check", "--data", folder, "--json")
    found: dict[str, Any] = json.loads(said)
    return code, found


def test_a_copy_beside_a_writing_kiosk_holds_what_was_recorded(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        recorded = record_facts(ledger, 1, 30)

        found = back_up(path, path.with_name("copy.db"))

        assert [event.seq for event in record_facts(ledger, 31, 32)] == [31, 32]
    copied = LedgerReader(path.with_name("copy.db"))
    assert copied.events_after(recorded[0].epoch, 0, 100) == recorded
    assert (found.fault, found.epochs[0].last) == (None, 30)
    assert sorted(path.parent.glob("copy*")) == [path.with_name("copy.db")]


def test_a_backup_overwrites_nothing(path: Path) -> None:
    closed_ledger(path)
    there = path.with_name("copy.db")
    there.write_text("another backup")

    with pytest.raises(BackupExists, match=r"copy\.db"):
        back_up(path, there)

    assert there.read_text() == "another backup"


def test_a_damaged_ledger_is_not_copied(path: Path) -> None:
    closed_ledger(path)
    zero_page(path, 5)

    with pytest.raises(LedgerDamaged):
        back_up(path, path.with_name("copy.db"))

    assert list(path.parent.glob("copy*")) == []


def test_without_a_ledger_there_is_no_backup(path: Path) -> None:
    with pytest.raises(LedgerMissing, match="there is no ledger"):
        back_up(path, path.with_name("copy.db"))


def test_a_disk_too_small_for_the_copy_is_said_and_left_clean(
    path: Path, tmp_path: Path
) -> None:
    closed_ledger(path, 300)
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=False
    )
    if mounted.returncode:
        pytest.skip("mounting takes root")
    try:
        with pytest.raises(LedgerFull):
            back_up(path, small / "copy.db")

        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


@pytest.mark.fault("O10")
@pytest.mark.parametrize("told", [True, False])
def test_a_restored_backup_reuses_nothing(path: Path, *, told: bool) -> None:
    """Whether or not the mirror says how far the hub had come since."""
    copy = path.with_name("copy.db")
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        first = record_facts(ledger, 1, 5)
        receipt = ledger.next_receipt()
        back_up(path, copy)
        last = record_facts(ledger, 6, 9)[-1]
        printed = {receipt, ledger.next_receipt()}
    shutil.copy(copy, path)
    acked = AckedThrough(epoch=last.epoch, seq=last.seq, hash=last.hash)

    with closing(SqliteLedger(path, KIOSK, acked if told else None)) as again:
        new = record_facts(again, 10, 11)

        assert again.opening.began in (Reason.BEHIND_HUB, Reason.WAL_LOST)
        assert again.next_receipt() not in printed
        assert new[-1].epoch != last.epoch
        assert again.first_break() is None
    kept = LedgerReader(path).events_after(last.epoch, 0, 100)
    assert kept == first


def test_check_says_what_is_there(path: Path) -> None:
    recorded = closed_ledger(path)
    with closing(MirrorWriter(path.with_name("mirror.db"), HUB_PUBLIC)):
        code, found = checked(path.parent)

    assert code == 0
    assert found["ledger"]["epochs"] == [
        {
            "epoch": recorded[0].epoch,
            "removed": 0,
            "events": len(recorded),
            "last": recorded[-1].seq,
        }
    ]
    assert found["mirror"]["fault"] is None


def test_check_names_the_first_break_and_fails(path: Path) -> None:
    closed_ledger(path)
    content = bytearray(path.read_bytes())
    place = content.index(b'"patron_ref":"P1"')
    content[place : place + 17] = b'"patron_ref":"P2"'
    path.write_bytes(content)

    code, found = checked(path.parent)

    assert code == 1
    assert "not the content that was hashed" in found["ledger"]["fault"]
    assert path.read_bytes() == bytes(content)


def test_check_names_a_damaged_mirror(path: Path) -> None:
    path.with_name("mirror.db").write_bytes(b"\xa5" * 4096)

    code, said = run("check", "--data", path.parent)

    assert code == 1
    assert "ledger: not there" in said
    assert "not a database" in said


def test_the_command_makes_a_backup_once(path: Path) -> None:
    last = closed_ledger(path)[-1]
    words = ("backup", "--data", path.parent, "--to", path.with_name("copy.db"))

    code, said = run(*words, "--json")
    again, refusal = run(*words)

    assert (code, json.loads(said)["epochs"][0]["last"]) == (0, last.seq)
    assert again == 1
    assert "overwrites nothing" in refusal


def test_upgrade_takes_the_lock_and_says_what_it_did(path: Path) -> None:
    save_identity(path.parent, Identity(KIOSK, "S1", HUB_PUBLIC))
    with closing(SqliteLedger(path, KIOSK)):
        code, said = run("upgrade", "--data", path.parent)
        assert code == 1
        assert "another process writes here already" in said
    make_old(path)

    code, said = run("upgrade", "--data", path.parent, "--json")
    done = json.loads(said)

    assert code == 0
    assert (done["ledger_before"], done["ledger"]) == (1, len(UPGRADES))
    assert (done["new_epoch"], done["fault"]) == (None, None)
    _, said = run("upgrade", "--data", path.parent)
    assert f"ledger: is at schema version {len(UPGRADES)} already" in said


def make_old(path: Path) -> None:
    """Turn a ledger into what version 1 of its schema was."""
    with closing(sqlite3.connect(path)) as old, old:
        for table in ("trimmed", "renewed"):
            old.execute(f"DROP TABLE {table}")
        old.execute("PRAGMA user_version = 1")


KILLED_UPGRADE = """
import os, signal, sys
from pathlib import Path
from kiosk.store import ledger_opening
from kiosk.store.ledger import SqliteLedger

steps = list(ledger_opening.UPGRADES)
whole = steps[1]
def killed(connection):
    whole(connection)
    os.kill(os.getpid(), signal.SIGKILL)
steps[1] = killed
ledger_opening.UPGRADES = tuple(steps)
SqliteLedger(Path(sys.argv[1]), "K-1")
"""


@pytest.mark.fault("O05")
def test_an_upgrade_that_was_killed_is_done_once_at_the_next_start(path: Path) -> None:
    recorded = closed_ledger(path)
    make_old(path)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_UPGRADE, str(path)], check=False
    )
    assert killed.returncode == -9
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is None
        assert LedgerReader(path).events_after(recorded[0].epoch, 0, 99) == recorded
        assert ledger.first_break() is None
    _, found = checked(path.parent)
    assert found["ledger"]["version"] == len(UPGRADES)


@pytest.mark.fault("O05")
def test_an_old_ledger_that_was_killed_is_upgraded_with_all_in_its_wal(
    path: Path,
) -> None:
    closed_ledger(path)
    make_old(path)
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        head = ledger.head()

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert (again.opening.began, again.head()) == (None, head)
