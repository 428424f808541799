"""A SQLite hub copied whole, while it may be serving, and put back in one transaction."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sync.hub.backup.archive import BadBackup, Content
from sync.hub.backup.content import content_of
from sync.hub.store.database import Database


def dump(database: Database, target: Path) -> Content:
    """Copy the database as it is at one moment; return what the copy holds."""
    copy_file(place_of(database), target)
    return check(target)


def check(file: Path) -> Content:
    """What an unpacked copy holds. Raises BadBackup if it is damaged."""
    try:
        with closing(sqlite3.connect(file)) as copy:
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as err:
        raise BadBackup(f"the copy of the database is damaged: {err}") from err
    if found != "ok":
        raise BadBackup(f"the copy of the database is damaged: {found}")
    database = Database(f"sqlite:///{file}")
    with closing(database), database.reading() as conn:
        return content_of(conn)


def copy_file(source: Path, target: Path) -> None:
    """Make `target` the same database, by one transaction; others may have it open."""
    try:
        with (
            closing(sqlite3.connect(source)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as err:
        raise BadBackup(f"{source} can't be copied to {target}: {err}") from err


def place_of(database: Database) -> Path:
    return Path(database.engine.url.database or "")
