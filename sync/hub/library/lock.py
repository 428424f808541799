"""Only one worker serves the queue: whoever holds the lock, and only while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text

from kiosk.flock import Flock
from sync.hub.refusal import Refusal
from sync.hub.store.database import Database

#: Of PostgreSQL's advisory locks in this database; any number nobody else takes.
_LOCK = 0x746F6E676C
_TAKE = text("SELECT pg_try_advisory_lock(:lock)").bindparams(lock=_LOCK)
_STILL = text("SELECT 1")


class AnotherWorker(Refusal, RuntimeError):
    """Another worker serves this queue already."""


@contextmanager
def only_worker(database: Database) -> Iterator[Callable[[], None]]:
    """Hold the lock; what it yields raises DBAPIError once that is gone.

    PostgreSQL's lasts as long as its connection, the file's as long as the process.
    Raises AnotherWorker.
    """
    url = database.engine.url
    if url.get_backend_name() == "sqlite":
        with _locked_file(Path(f"{url.database}.library-lock")):
            yield lambda: None
        return
    with database.engine.connect() as conn:
        session = conn.execution_options(isolation_level="AUTOCOMMIT")
        if not session.execute(_TAKE).scalar_one():
            raise AnotherWorker("another worker serves this county's queue already")
        try:
            yield lambda: session.execute(_STILL).close()
        finally:
            session.detach()  # closed for good, not kept for others with the lock


@contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    try:
        lock = Flock(path)
    except BlockingIOError as err:
        raise AnotherWorker(f"{path}: another worker serves this queue") from err
    with closing(lock):
        yield
