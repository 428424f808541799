"""How much room the data folder has, and the reserve that only returns may use.

Ledger, mirror and whatever else lies on the partition share its free space. The
reserve is a file whose blocks are taken beforehand, so none of them can eat it.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from kiosk.service.ports import Storage

#: In use from here on, the disk is low.
LOW_SHARE = 0.8
#: The reserve takes no more of a small partition than this.
MAX_RESERVE_SHARE = 0.1
#: Loans stop when less than this part of the reserve is free beside it: what is not
#: a loan still has to be written without touching it.
FLOOR_SHARE = 0.25
_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own is

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of a partition; `free` is what a process without privileges may take."""

    total: int
    free: int
    writable: bool

    def within(self, quota: int, used: int) -> Disk:
        """The same disk when only `quota` bytes of it are ours, `used` of them taken."""
        free = max(min(self.free, quota - used), 0)
        return Disk(min(self.total, quota), free, self.writable)


def disk_of(folder: Path) -> Disk:
    """Look at the partition of a folder; nothing is written for it."""
    found = os.statvfs(folder)
    unit = found.f_frsize
    writable = not found.f_flag & os.ST_RDONLY
    return Disk(found.f_blocks * unit, found.f_bavail * unit, writable)


def judge(disk: Disk, floor: int, *, reserved: bool) -> Storage:
    """Say what a disk allows. `floor`: free bytes below which no loan is made."""
    if not disk.writable:
        return Storage.UNWRITABLE
    if disk.free < floor or not reserved:
        return Storage.SHORT
    low = disk.total - disk.free >= LOW_SHARE * disk.total
    return Storage.LOW if low else Storage.ENOUGH


class Reserve:
    """A file of `size` bytes that are really taken. Any thread may call."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._lock = threading.Lock()

    @property
    def held(self) -> bool:
        try:
            return self._path.stat().st_blocks * _BLOCK_BYTES >= self._size
        except OSError:
            return False

    def make(self) -> bool:
        """Take the room; False, and nothing is taken, when there is too little of it."""
        with self._lock:
            try:
                self._take()
            except OSError as err:
                log.debug("reserve not made", why=str(err))
                self._remove()
                return False
        return True

    def give_up(self) -> bool:
        """Free the room; False when there was none to free."""
        with self._lock:
            was_held = self.held
            self._remove()
        if was_held:
            log.warning("reserve given up for a return")
        return was_held

    def _take(self) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(handle, 0, self._size)
        finally:
            os.close(handle)

    def _remove(self) -> None:
        with suppress(OSError):  # gone already, or the medium is read-only
            self._path.unlink()


class Space:
    """The room of one data folder; one thread looks, the reserve is for any."""

    def __init__(self, folder: Path, *, reserve: int, quota: int = 0) -> None:
        """`reserve` and `quota` in bytes; quota 0: the whole partition is ours."""
        self._folder = folder
        self._quota = quota
        most = int(self._disk().total * MAX_RESERVE_SHARE)
        self._size = min(reserve, most)
        self._floor = int(self._size * FLOOR_SHARE)
        self._state = Storage.ENOUGH
        self.reserve = Reserve(folder / "ledger.reserve", self._size)

    def look(self) -> Storage:
        """Say what the disk allows now; makes the reserve again where there is room."""
        disk = self._disk()
        # Once short, it takes twice the floor to lend again: no coming and going.
        floor = self._floor * (2 if self._state is Storage.SHORT else 1)
        reserved = self.reserve.held
        if not reserved and disk.writable and disk.free >= self._size + floor:
            reserved = self.reserve.make()
            disk = self._disk()
        self._state = judge(disk, floor, reserved=reserved)
        return self._state

    def _disk(self) -> Disk:
        disk = disk_of(self._folder)
        return disk.within(self._quota, self._used()) if self._quota else disk

    def _used(self) -> int:
        """Bytes that the files of the folder take; one may vanish meanwhile."""
        used = 0
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                used += path.stat().st_blocks * _BLOCK_BYTES
        return used
