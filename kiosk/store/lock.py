"""One writing process per database file, enforced by a lock beside it."""

from __future__ import annotations

from pathlib import Path

from kiosk.flock import CannotLock, Flock
from kiosk.store.errors import StoreError


class WriterLock:
    """An exclusive `flock` on `path`, held until `close`; the kernel frees it on death.

    Never lock the database file itself: closing any descriptor of it would drop
    SQLite's own POSIX locks.
    """

    def __init__(self, path: Path, in_use: type[StoreError]) -> None:
        try:
            self._lock = Flock(path)
        except BlockingIOError as err:
            raise in_use(f"{path}: another process writes here already") from err
        except CannotLock as err:
            text = f"{path}: can't be locked ({err.strerror}); two writers lose data"
            raise in_use(text) from err

    def close(self) -> None:
        self._lock.close()

    @property
    def held(self) -> bool:
        return self._lock.held
