"""SQLite through SQLAlchemy Core: one writing connection, or read-only ones.

SQLite 3.7.0–3.51.2 (3.44.6 and 3.50.7 up excepted) can lose a committed
transaction when two connections write or checkpoint a WAL database at the same
moment. `writer_engine` therefore takes a held `WriterLock` and opens exactly one
connection; read-only connections never checkpoint. 3.40.1 is what Debian 12 has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import DBAPIError, DisconnectionError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from kiosk.store.errors import Corrupt, Failure, Permanent, StoreError
from kiosk.store.lock import WriterLock
from kiosk.store.prepared import rows_of, run_text

#: How long a connection waits for another one's lock.
BUSY_TIMEOUT_S = 5.0
#: RETURNING came with this version.
OLDEST_SQLITE = (3, 35, 0)
#: Read-only connections that stay open; more at once are closed after their use.
_KEPT_OPEN = 2
#: The execution option that says how `transaction` begins. A listener would do as
#: well, but an engine with one does every statement the long way.
_BEGIN = "begin"
_FILE = "file"

Translate = Callable[[Failure], StoreError]
Upgrade = Callable[[Connection], None]


class UnsafeSqlite(Permanent, RuntimeError):
    """With this SQLite, or without its lock, commits could be lost."""


def check_sqlite(version: tuple[int, ...], lock: WriterLock) -> None:
    """Refuse to write with a SQLite that could lose commits. Raises UnsafeSqlite."""
    text = "SQLite " + ".".join(map(str, version))
    if version < OLDEST_SQLITE:
        raise UnsafeSqlite(f"{text} is too old; it takes 3.35 or later")
    if has_wal_reset_race(version) and not lock.held:
        raise UnsafeSqlite(
            f"{text} may lose commits of two writers: lock the file first"
        )


def has_wal_reset_race(version: tuple[int, ...]) -> bool:
    """Tell whether this SQLite may lose commits of two simultaneous writers."""
    if (3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51):
        return False
    return (3, 7, 0) <= version < (3, 51, 3)


def writer_engine(path: Path, lock: WriterLock, pragmas: Sequence[str]) -> Engine:
    """The one writing connection to `path`; its transactions begin IMMEDIATE."""
    check_sqlite(sqlite3.sqlite_version_info, lock)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        connect_args=_connect_args(),
        execution_options={_BEGIN: "BEGIN IMMEDIATE"},
    )

    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            for pragma in pragmas:
                cursor.execute(pragma)

    event.listen(engine, "connect", set_up)
    return engine


def looking(engine: Engine) -> Engine:
    """The same one connection, for transactions that only read: they take no lock."""
    return engine.execution_options(**{_BEGIN: "BEGIN"})


def reader_engine(path: Path) -> Engine:
    """Read-only connections, opened for each use: the file may be replaced between.

    A transaction sees one state of the database from its first statement on.
    """
    return create_engine(_read_only(path), poolclass=NullPool, **_reading())


def staying_reader_engine(path: Path) -> Engine:
    """The same with connections that stay open until the file is another one.

    Any thread may use it. Between two transactions no lock is held that a writer or
    a checkpoint would wait for; but the last one to close its file leaves the WAL.
    """
    engine = create_engine(
        _read_only(path),
        poolclass=QueuePool,
        pool_size=_KEPT_OPEN,
        max_overflow=-1,
        pool_use_lifo=True,
        **_reading(),
    )

    # Looked at before the file is opened: one that was replaced in between is taken
    # for the old one, and opened once more at the next use.
    def note_file(_: Dialect, record: ConnectionPoolEntry, *__: object) -> None:
        record.info[_FILE] = _identity(path)

    def same_file(_: DBAPIConnection, record: ConnectionPoolEntry, __: object) -> None:
        if record.info[_FILE] != _identity(path):
            raise DisconnectionError(f"{path} was replaced")

    event.listen(engine, "do_connect", note_file)
    event.listen(engine, "checkout", same_file)
    return engine


@contextmanager
def transaction(
    engine: Engine,
    translate: Translate,
    giving_up: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[Connection]:
    """Do it all or nothing. After a fault of file or medium the handle is given up.

    `giving_up` is entered after the rollback and left when the handle is closed.
    """
    try:
        with _connected(engine) as connection:
            try:
                with connection.begin():
                    run_text(connection, connection.get_execution_options()[_BEGIN])
                    yield connection
            except DBAPIError as err:
                if isinstance(translate(err), Corrupt):
                    with giving_up():
                        connection.invalidate(err)
                raise
    except (DBAPIError, PoolTimeout, UnicodeDecodeError) as err:
        raise translate(err) from err


def _connected(engine: Engine) -> Connection:
    """Raises PoolTimeout if the file is replaced faster than it can be opened."""
    try:
        return engine.connect()
    except InvalidRequestError as err:
        raise PoolTimeout("the file is being replaced") from err


def schema_version(connection: Connection) -> int:
    """The version of the schema; 0 while there are no tables."""
    ((version,),) = rows_of(connection, "PRAGMA user_version")
    return int(version)


def known_version(
    connection: Connection, where: str, newest: int, too_new: type[StoreError]
) -> int:
    """The version of the schema. Raises `too_new`, naming `where`, beyond `newest`."""
    version = schema_version(connection)
    if version > newest:
        text = f"schema version {version} is newer than this program's {newest}"
        raise too_new(f"{where}: {text}")
    return version


def upgrade(
    engine: Engine,
    translate: Translate,
    upgrades: Sequence[Upgrade],
    too_new: type[StoreError],
) -> None:
    """Bring the schema from its version to the newest, one transaction a step.

    Step n leads from version n to n + 1 and sets `PRAGMA user_version` itself.
    """
    with transaction(engine, translate) as connection:
        where = str(engine.url.database)
        version = known_version(connection, where, len(upgrades), too_new)
    for step in upgrades[version:]:
        with transaction(engine, translate) as connection:
            step(connection)


def _read_only(path: Path) -> URL:
    # as_uri() quotes ? and #, which would end the path of a URI file name
    uri = path.absolute().as_uri()
    return URL.create("sqlite", database=uri, query={"mode": "ro", "uri": "true"})


def _reading() -> dict[str, Any]:
    return {"connect_args": _connect_args(), "execution_options": {_BEGIN: "BEGIN"}}


def _connect_args() -> dict[str, object]:
    # isolation_level None: the driver must not begin transactions behind our back.
    return {
        "isolation_level": None,
        "check_same_thread": False,
        "timeout": BUSY_TIMEOUT_S,
    }


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is; while one is open, no other gets its numbers."""
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None
