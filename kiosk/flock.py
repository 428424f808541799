"""An exclusive lock on a file, which the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class CannotLock(OSError):
    """The file is there, but this file system doesn't lock files."""


class Flock:
    """Held from its making until `close`.

    Raises BlockingIOError if another one holds it, CannotLock, and any other OSError
    of opening the file.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            os.close(self._handle)
            if isinstance(err, BlockingIOError):
                raise
            raise CannotLock(err.errno, err.strerror) from err
        self.held = True

    def close(self) -> None:
        """Free it; the file stays."""
        if self.held:
            self.held = False
            os.close(self._handle)
