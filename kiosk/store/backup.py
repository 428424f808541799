"""A copy of the ledger, made beside a running kiosk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from kiosk.durable import flush
from kiosk.store.engine import reader_engine, transaction
from kiosk.store.errors import (
    LedgerDamaged,
    LedgerError,
    LedgerFull,
    LedgerMissing,
    LedgerUnwritable,
    ledger_error,
)
from kiosk.store.inspection import Inspection, inspect_ledger


class BackupExists(LedgerError, FileExistsError):
    """There is a file at the place where the backup was to go."""


def back_up(ledger: Path, to: Path) -> Inspection:
    """Copy the ledger to a file that is not there yet; return what the copy holds.

    The copy is checked, flushed and only then given its name. It is marked as in use:
    whoever starts from it begins a new epoch, because numbers behind its last event
    may have been given out since. Raises LedgerError.
    """
    if not ledger.exists():
        raise LedgerMissing(f"{ledger}: there is no ledger")
    if to.exists():
        raise BackupExists(f"{to}: is there already; a backup overwrites nothing")
    beside = to.with_name(to.name + ".unfinished")
    try:
        beside.unlink(missing_ok=True)
        _copy(ledger, beside)
        found = _verified(beside)
        _put_in_place(beside, to)
    except sqlite3.Error as err:
        raise _said(err, ledger, to) from err
    except FileExistsError as err:
        raise BackupExists(f"{to}: is there already") from err
    except OSError as err:
        raise LedgerUnwritable(f"{to}: {err.strerror}") from err
    finally:
        beside.unlink(missing_ok=True)
    return found


def _copy(ledger: Path, beside: Path) -> None:
    uri = f"{ledger.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
        source.execute("VACUUM INTO ?", (str(beside),))
    with closing(sqlite3.connect(beside, isolation_level=None)) as copy:
        copy.execute("UPDATE state SET in_use = 1")


def _verified(beside: Path) -> Inspection:
    with transaction(reader_engine(beside), ledger_error) as connection:
        found = inspect_ledger(connection)
    if found.fault is not None:
        raise LedgerDamaged(f"{beside}: the copy is not sound: {found.fault}")
    return found


def _put_in_place(beside: Path, to: Path) -> None:
    """Durable before it has its name; a link, unlike a renaming, overwrites nothing."""
    flush(beside)
    try:
        to.hardlink_to(beside)
    except PermissionError:  # FAT, as on a stick, knows no links
        beside.rename(to)
    flush(to.parent)


def _said(err: sqlite3.Error, ledger: Path, to: Path) -> LedgerError:
    code = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return LedgerDamaged(f"{ledger}: {err}")
    kind = LedgerFull if code == sqlite3.SQLITE_FULL else LedgerUnwritable
    return kind(f"{to}: {err}")
