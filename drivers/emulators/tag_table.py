"""The top of an emulated HF pad: tags laid down and lifted, and what may go wrong there."""

from __future__ import annotations

import threading
from typing import Generic

from drivers.emulators.strikes import Kind, Strikes
from drivers.emulators.tag import VirtualTag


class TagTable(Generic[Kind]):
    """Base of an emulated pad. Public methods may be called from any thread.

    A reader holds `lock` while it works on `on_pad`, the tags by UID in the order they
    were placed, or asks whether a fault strikes.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.on_pad: dict[str, VirtualTag] = {}
        self._faults = Strikes[Kind]()

    @property
    def tags(self) -> tuple[VirtualTag, ...]:
        """The tags on the pad, in the order they were placed."""
        with self.lock:
            return tuple(self.on_pad.values())

    def place(self, tag: VirtualTag) -> None:
        """Lay a tag on the pad."""
        with self.lock:
            self.on_pad[tag.uid] = tag

    def lift(self, uid: str) -> None:
        """Take a tag away; nothing happens when it is not there."""
        with self.lock:
            self.on_pad.pop(uid, None)

    def fault(self, kind: Kind, times: int | None = None) -> None:
        """Misbehave `times` times from now on; None: until `mend`."""
        with self.lock:
            self._faults.begin(kind, times)

    def mend(self) -> None:
        """End all faults."""
        with self.lock:
            self._faults.end()

    def strikes(self, kind: Kind) -> bool:
        """Count one strike of a fault, if it is on."""
        return self._faults.strikes(kind)
