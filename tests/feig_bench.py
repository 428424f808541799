"""A FEIG pad driver and the emulated reader that it is plugged into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from drivers.api import Tag, TagsOnPad
from drivers.emulators.bad_line import BadLine
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.pty import Pty
from drivers.emulators.tag import VirtualTag
from drivers.pads.feig import FeigPad

ITEM = bytes.fromhex("9100051CBE991A140201D0140204B3")
UID = "E004015000000001"
IN_STOCK, ON_LOAN = 0x07, 0xC2
#: Answers come at once here; no test waits for a real reader's second and a half.
TIMEOUT_S = 0.2


@dataclass
class Bench:
    """A pad driver that is open, and the reader at the other end."""

    reader: FeigEmulator
    line: BadLine
    pty: Pty
    pad: FeigPad
    events: Iterator[TagsOnPad | None]

    def round(self) -> dict[str, Tag]:
        """Tags of the next round that was one, by UID."""
        for event in self.events:
            if event is not None:
                return {tag.uid: tag for tag in event.tags}
        raise AssertionError("events ended")

    def place(self, *tags: VirtualTag) -> None:
        for tag in tags:
            self.reader.place(tag)


MakeBench = Callable[..., Bench]


def virtual_tag(number: int = 1, **fields: Any) -> VirtualTag:
    settings: dict[str, Any] = {"afi": IN_STOCK, "dsfid": 0x06, "memory": ITEM} | fields
    return VirtualTag(f"E00401500000{number:04X}", **settings)
