"""SQLite through SQLAlchemy Core: one writing connection, or short read-only ones.

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
)
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from kiosk.store.errors import Corrupt, Failure, Permanent, StoreError
from kiosk.store.lock import WriterLock

#: How long a connection waits for another one's lock.
BUSY_TIMEOUT_S = 5.0
#: RETURNING came with this version.
OLDEST_SQLITE = (3, 35, 0)

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
    )

    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            for pragma in pragmas:
                cursor.execute(pragma)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def looking(engine: Engine) -> Engine:
    """The same one connection, for transactions that only read: they take no lock."""
    return engine.execution_options(begin="BEGIN")


def reader_engine(path: Path) -> Engine:
    """Read-only connections, opened for each use: the file may be replaced between.

    A transaction sees one state of the database from its first statement on.
    """
    engine = create_engine(
        # as_uri() quotes ? and #, which would end the path of a URI file name
        URL.create(
            "sqlite",
            database=path.absolute().as_uri(),
            query={"mode": "ro", "uri": "true"},
        ),
        poolclass=NullPool,
        connect_args=_connect_args(),
    )
    event.listen(engine, "begin", _begin)
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
        with engine.connect() as connection:
            try:
                with connection.begin():
                    yield connection
            except DBAPIError as err:
                if isinstance(translate(err), Corrupt):
                    with giving_up():
                        connection.invalidate(err)
                raise
    except (DBAPIError, PoolTimeout, UnicodeDecodeError) as err:
        raise translate(err) from err


def schema_version(connection: Connection) -> int:
    """The version of the schema; 0 while there are no tables."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
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


def _connect_args() -> dict[str, object]:
    # isolation_level None: the driver must not begin transactions behind our back.
    return {
        "isolation_level": None,
        "check_same_thread": False,
        "timeout": BUSY_TIMEOUT_S,
    }


def _begin_immediate(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(options.get("begin", "BEGIN IMMEDIATE"))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
