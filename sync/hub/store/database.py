"""The hub's database: an engine from a URL and one unit of work per use case.

`writing()` holds the lock of the one `feed_clock` row, so only one transaction
writes at a time: versions of the feed follow the order of commits, and whoever
judges an event sees everything judged before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    literal_column,
    make_url,
    update,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.sql.dml import ReturningUpdate

from sync.hub.feed.feedmarks import version
from sync.hub.feed.feedruns import begin_run
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.turnstile import Lane, Ticket, Turnstile

#: How long a transaction waits for another one to end.
BUSY_TIMEOUT_MS = 10_000
#: Rows written in one transaction by an import; keeps kiosks waiting well under 1 s.
CHUNK = 500

_READ_ONLY = "hub_read_only"
_CLOCK = schema.feed_clock
#: Takes the lock of the one row that every writer takes.
_LOCK = update(_CLOCK).values(version=_CLOCK.c.version).returning(_CLOCK.c.version)
#: PostgreSQL tells as well which table of this name it is: a restore makes a new one.
_LOCK_OF_TABLE: ReturningUpdate[Any] = _LOCK.returning(
    literal_column("feed_clock.tableoid")
)
#: A peer that vanished holds the lock no longer than about a minute. Statements are
#: short: to compile one would take longer than to run it. A plan for any value, kept
#: while tables grow, reads whole tables; to plan anew costs a fraction of a millisecond.
POSTGRES_SETTINGS = (
    "SET jit = off",
    "SET plan_cache_mode = force_custom_plan",
    f"SET lock_timeout = {BUSY_TIMEOUT_MS}",
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
Record = TypeVar("Record")


class BadDatabase(Refusal, ValueError):
    """The database can't be used as it is; the text says why."""


class _Clock(NamedTuple):
    """The clock of the feed as a writer finds it, and which table it stands in."""

    version: int
    table: int = 0


class Database:
    """One database, many connections. Threads share it; a connection they don't."""

    def __init__(self, url: str) -> None:
        self.turnstile = Turnstile()
        self.engine = _engine(url)
        #: How our last write left the clock; None if the database may be another.
        self._left: _Clock | None = None
        event.listen(self.engine, "handle_error", self._forget_if_lost)
        self._view: dict[str, Any] = {_READ_ONLY: True}
        self._lock: ReturningUpdate[Any] = _LOCK
        if self.is_shared:
            # SQLite's snapshot lasts for a transaction by itself.
            self._view["isolation_level"] = "REPEATABLE READ"
            self._lock = _LOCK_OF_TABLE

    @property
    def exists(self) -> bool:
        """False for a SQLite file that is not there; asking does not make one."""
        url = self.engine.url
        return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()

    @property
    def is_shared(self) -> bool:
        """Whether several processes may write here in turn: a server, not a file."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; waits for nobody."""
        with self.engine.connect() as conn:
            view = conn.execution_options(**self._view)
            with view.begin():
                yield view

    @contextmanager
    def writing(self, ticket: Ticket | None = None) -> Iterator[Connection]:
        """One transaction: all of it or nothing, and no other one meanwhile.

        Within this process `ticket` says who is first, in the short lane if there
        is none. Not to be begun inside another one. Raises TurnMissed.
        """
        ticket = ticket or self.turnstile.ticket(Lane.SHORT)
        with self.turnstile.passing(ticket, BUSY_TIMEOUT_MS / 1000):
            with self.engine.begin() as conn:
                found = _Clock(*conn.execute(self._lock).one())
                self._go_on(conn, found)
                yield conn
                left = found._replace(version=version(conn))
            self._left = left

    def close(self) -> None:
        self.engine.dispose()

    def _go_on(self, conn: Connection, found: _Clock) -> None:
        """Begin a run of the feed unless the database surely is the one we wrote last.

        Others may have written since, or have put it back and written: the number
        alone would not tell us.
        """
        left = self._left
        if left is None or found.version < left.version or found.table != left.table:
            begin_run(conn, found.version + 1)

    def _forget_if_lost(self, context: ExceptionContext) -> None:
        """A server that hung up may come back with a backup in its place."""
        if context.is_disconnect:
            self._left = None


def store_in_chunks(
    database: Database,
    put: Callable[[Connection, Sequence[Record]], object],
    records: Iterable[Record],
    progress: Callable[[int], None] = lambda _count: None,
    size: int = CHUNK,
) -> int:
    """Put many records, a transaction per chunk; `progress` gets each chunk's size.

    Returns how many were put. What went before a failing chunk stays.
    """
    total = 0
    rest = iter(records)
    while chunk := tuple(islice(rest, size)):
        with database.writing() as conn:
            put(conn, chunk)
        total += len(chunk)
        progress(len(chunk))
    return total


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise BadDatabase(f"{url!r} is not a database URL") from err
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True)
        event.listen(engine, "connect", _prepare_server)
        return engine
    if parsed.database in (None, "", ":memory:"):
        raise BadDatabase(f"{url!r}: the hub needs a database that lasts, name a file")
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_server(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = dbapi.cursor()
    for setting in POSTGRES_SETTINGS:
        cursor.execute(setting)
    dbapi.commit()


def _prepare_sqlite(
    dbapi: sqlite3.Connection,
    _record: PoolProxiedConnection,
) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE: we send ours.
    dbapi.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        dbapi.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    options: dict[str, Any] = dict(conn.get_execution_options())
    conn.exec_driver_sql("BEGIN" if options.get(_READ_ONLY) else "BEGIN IMMEDIATE")
