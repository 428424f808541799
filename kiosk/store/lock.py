"""One writing process per database file, enforced by a lock beside it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from kiosk.store.errors import StoreError


class WriterLock:
    """An exclusive `flock` on `path`, held until `close`; the kernel frees it on death.

    Never lock the database file itself: closing any descriptor of it would drop
    SQLite's own POSIX locks.
    """

    def __init__(self, path: Path, in_use: type[StoreError]) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            os.close(self._handle)
            raise in_use(f"{path}: another process writes here already") from err
        except OSError as err:
            os.close(self._handle)
            text = f"{path}: can't be locked ({err.strerror}); two writers lose data"
            raise in_use(text) from err
        self._held = True

    def close(self) -> None:
        if self._held:
            self._held = False
            os.close(self._handle)

    @property
    def held(self) -> bool:
        return self._held
