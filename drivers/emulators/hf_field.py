"""Tags before an emulated HF reader, and what may go wrong between them."""

from __future__ import annotations

import enum
import time

from drivers.emulators.tag import VirtualTag
from drivers.emulators.tag_table import TagTable


class Fault(enum.StrEnum):
    """What can be wrong between reader and tags; each counts where it strikes.

    FLICKER: an inventory misses one tag, another one each time. PARTIAL_READ: memory
    can't be read. WRITE_FAILS: a change of a tag is refused, and not made.
    """

    FLICKER = "flicker"
    PARTIAL_READ = "partial_read"
    WRITE_FAILS = "write_fails"


class HfField(TagTable[Fault]):
    """A table that knows the faults above, and when a tag's memory was told."""

    def __init__(self) -> None:
        super().__init__()
        self._flickers = 0
        self._memory_told_at: dict[str, float] = {}

    def place(self, tag: VirtualTag) -> None:
        """Lay a tag on the pad; its memory is still to be told."""
        with self.lock:
            self._memory_told_at.pop(tag.uid, None)
            super().place(tag)

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

    def missed_now(self) -> frozenset[str]:
        """The tags that this inventory misses."""
        uids = list(self.on_pad)
        if not uids or not self.strikes(Fault.FLICKER):
            return frozenset()
        self._flickers += 1
        return frozenset({uids[self._flickers % len(uids)]})
