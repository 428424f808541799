"""The top of an emulated HF pad: tags laid down and lifted, and what may go wrong there."""

from __future__ import annotations

import enum
import threading
import time

from drivers.emulators.tag import VirtualTag


class Fault(enum.StrEnum):
    """What can be wrong between reader and tags; each counts where it strikes.

    FLICKER: an inventory misses one tag, another one each time. PARTIAL_READ: memory
    can't be read. WRITE_FAILS: a change of a tag is refused, and not made.
    """

    FLICKER = "flicker"
    PARTIAL_READ = "partial_read"
    WRITE_FAILS = "write_fails"


class HfField:
    """Base of an emulated pad. Public methods may be called from any thread.

    A reader holds `lock` while it works on `on_pad`, the tags by UID in the order they
    were placed, or asks whether a fault strikes.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.on_pad: dict[str, VirtualTag] = {}
        self._faults: dict[Fault, int | None] = {}
        self._flickers = 0
        self._memory_told_at: dict[str, float] = {}

    @property
    def tags(self) -> tuple[VirtualTag, ...]:
        """The tags on the pad, in the order they were placed."""
        with self.lock:
            return tuple(self.on_pad.values())

    def place(self, tag: VirtualTag) -> None:
        """Lay a tag on the pad."""
        with self.lock:
            self._memory_told_at.pop(tag.uid, None)
            self.on_pad[tag.uid] = tag

    def lift(self, uid: str) -> None:
        """Take a tag away; nothing happens when it is not there."""
        with self.lock:
            self.on_pad.pop(uid, None)

    def fault(self, kind: Fault, times: int | None = None) -> None:
        """Misbehave `times` times from now on; None: until `mend`."""
        with self.lock:
            self._faults[kind] = times

    def mend(self) -> None:
        """End all faults."""
        with self.lock:
            self._faults.clear()

    def memory_told_at(self, uid: str) -> float | None:
        """When the last byte of the first reply with the tag's memory was written.

        By `time.monotonic`, since the tag was placed; None when that is still to come.
        """
        with self.lock:
            return self._memory_told_at.get(uid)

    def note_memory_told(self, uid: str) -> None:
        """The reader has just written the tag's memory."""
        with self.lock:
            self._memory_told_at.setdefault(uid, time.monotonic())

    def strikes(self, kind: Fault) -> bool:
        """Count one strike of a fault, if it is on."""
        if kind not in self._faults:
            return False
        left = self._faults[kind]
        if left is not None and left <= 1:
            del self._faults[kind]
        elif left is not None:
            self._faults[kind] = left - 1
        return left is None or left > 0

    def missed_now(self) -> frozenset[str]:
        """The tags that this inventory misses."""
        uids = list(self.on_pad)
        if not uids or not self.strikes(Fault.FLICKER):
            return frozenset()
        self._flickers += 1
        return frozenset({uids[self._flickers % len(uids)]})
