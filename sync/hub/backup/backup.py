"""Make a backup, put it back, and try whether it could be put back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from kiosk.durable import write_durably
from sync.hub.backup import postgres_dump, sqlite_copy
from sync.hub.backup.archive import BadBackup, Content, Manifest, Unpacked, pack, unpack
from sync.hub.backup.content import content_of, is_hubs, tables_of
from sync.hub.store.database import Database
from sync.hub.store.upgrade import check_known, upgrade


def back_up(
    database: Database, file: Path, key_path: Path | None, now: dt.datetime
) -> Manifest:
    """Write the database to a file, with the hub's private key only if one is given.

    The hub may be serving. Raises BadBackup, OSError.
    """
    if file.exists():
        raise BadBackup(f"{file} is there already")
    if not database.exists:
        raise BadBackup("there is no such database")
    key = None if key_path is None else key_path.read_bytes()
    with TemporaryDirectory(dir=file.absolute().parent, prefix=".backup-") as folder:
        copy = Path(folder) / "database"
        dump = postgres_dump.dump if database.is_shared else sqlite_copy.dump
        content = dump(database, copy)
        return pack(file, copy, content, key, now)


def restore(
    database: Database, file: Path, key_path: Path | None, *, replace: bool
) -> Manifest:
    """Put a backup in the place of a database, and its key at `key_path`.

    Everything is checked before anything is touched. The feed goes on in a new run.
    Raises BadBackup, OSError.
    """
    with _unpacked(database, file) as unpacked:
        _check_target(database, replace=replace)
        _check_key(unpacked, key_path)
        if unpacked.key is not None and key_path is not None:
            write_durably(key_path, unpacked.key, mode=0o600)
        _put(database, unpacked)
    return unpacked.manifest


def drill(database: Database, file: Path) -> Manifest:
    """Restore into a database that is thrown away afterwards; `database` says where.

    Raises BadBackup if anything that the manifest names is not found again.
    """
    with _unpacked(database, file) as unpacked, _scratch(database, unpacked) as url:
        copy = Database(url.render_as_string(hide_password=False))
        with closing(copy):
            _put(copy, unpacked)
    return unpacked.manifest


def _put(database: Database, unpacked: Unpacked) -> None:
    if database.is_shared:
        _restore_server(database, unpacked)
    else:
        _restore_file(database, unpacked)


def _restore_server(database: Database, unpacked: Unpacked) -> None:
    rows = unpacked.manifest.content.rows
    postgres_dump.put_back(database, unpacked.database, rows)
    with database.reading() as conn:
        _compare(content_of(conn), unpacked.manifest)
    _begin_anew(database)


def _restore_file(database: Database, unpacked: Unpacked) -> None:
    """All is done to the copy, so that the database changes in one step."""
    _compare(sqlite_copy.check(unpacked.database), unpacked.manifest)
    with closing(Database(f"sqlite:///{unpacked.database}")) as copy:
        _begin_anew(copy)
    sqlite_copy.copy_file(unpacked.database, sqlite_copy.place_of(database))


def _begin_anew(database: Database) -> None:
    """Give it this version's schema and a new run of the feed: that of any first write."""
    upgrade(database)
    with database.writing():
        pass


def _compare(found: Content, manifest: Manifest) -> None:
    told = manifest.content
    wrong = sorted(
        name
        for name in found.rows.keys() | told.rows.keys()
        if found.rows.get(name) != told.rows.get(name)
    )
    if wrong:
        raise BadBackup(f"not whole: other numbers of rows in {', '.join(wrong)}")
    if found != told:
        raise BadBackup("not whole: schema, county or feed are not the manifest's")


@contextmanager
def _unpacked(database: Database, file: Path) -> Iterator[Unpacked]:
    """A backup that this database could take, in a folder for as long as it lasts."""
    with TemporaryDirectory(prefix="tongjie-backup-") as folder:
        unpacked = unpack(file, Path(folder))
        content, ours = unpacked.manifest.content, database.engine.dialect.name
        if content.backend != ours:
            raise BadBackup(f"a backup of {content.backend} can't go into {ours}")
        check_known(content.revision)
        yield unpacked


@contextmanager
def _scratch(database: Database, unpacked: Unpacked) -> Iterator[URL]:
    if database.is_shared:
        with postgres_dump.scratch(database.engine.url) as url:
            yield url
    else:
        place = unpacked.database.with_name("drill.db")
        yield database.engine.url.set(database=str(place))


def _check_target(database: Database, *, replace: bool) -> None:
    if not database.exists:
        return
    with database.engine.connect() as conn:
        tables = set(tables_of(conn))
    database.close()  # nobody is to be connected now
    if tables and not is_hubs(tables):
        raise BadBackup("this database holds something else than a hub; choose another")
    if tables and not replace:
        raise BadBackup("this database holds a hub already: --replace puts it away")


def _check_key(unpacked: Unpacked, key_path: Path | None) -> None:
    if unpacked.key is None or key_path is None or not key_path.exists():
        return
    if key_path.read_bytes() != unpacked.key:
        raise BadBackup(f"{key_path} is another key than the one in the backup")
