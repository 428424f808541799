"""Takes out of the WAL what a failed commit left there.

A commit whose sync failed is rolled back, but its frames lie in the WAL, whole and
with valid check sums. Whoever opens the database next without the shared index, after
a close that could not empty the WAL, would replay them: a loan that the screen called
off would be there all the same. So they are cut off while the index still knows where
the last commit ended. Layout: sqlite.org/walformat.html, section 2.1.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from kiosk.store.ledger_files import shm_of, wal_of
from kiosk.store.ledger_schema import PAGE_BYTES

_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
#: mxFrame, the last frame of the last commit: a native integer of 32 bits.
_LAST_FRAME = struct.Struct("=I")
_LAST_FRAME_AT = 16


class WalTail:
    """Belongs to the one writer of `db`; `end` is where its WAL may reach."""

    def __init__(self, db: Path) -> None:
        self._wal = wal_of(db)
        self._shm = shm_of(db)
        self._end: int | None = None

    def note(self) -> int:
        """Take down where the last commit ended, the failed connection still open.

        Returns a descriptor to be closed after that connection: closing any descriptor
        of the index drops all locks that this process has on it. Raises OSError.
        """
        handle = os.open(self._shm, os.O_RDONLY | os.O_CLOEXEC)
        (last,) = _LAST_FRAME.unpack(os.pread(handle, _LAST_FRAME.size, _LAST_FRAME_AT))
        frame = _FRAME_HEADER_BYTES + PAGE_BYTES
        self._end = _WAL_HEADER_BYTES + last * frame
        return handle

    def cut(self) -> None:
        """Cut off what lies behind, if it is known where. Raises OSError."""
        if self._end is None:
            return
        if self._wal.exists() and self._wal.stat().st_size > self._end:
            os.truncate(self._wal, self._end)
        self._end = None
