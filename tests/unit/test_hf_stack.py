from __future__ import annotations

from drivers.api import CommandRefused
from drivers.pads.hf_reader import Sighting, TagInfo
from drivers.pads.hf_stack import HfStack

UID = "E004015000000001"
MEMORY = bytes.fromhex("91 00 05 1C BE 99 1A 14 02 01 D0 14 02 04 B3").ljust(32, b"\0")


class DirectReader:
    """A reader without a line; its one tag never tells what it is."""

    name = "reader"

    def __init__(self) -> None:
        self.asked = 0

    def inventory(self) -> list[Sighting]:
        return [Sighting(UID, 0x06)]

    def tag_info(self, uid: str) -> TagInfo | None:
        self.asked += 1
        raise CommandRefused(f"{uid}: no transponder", status=0x01)

    def read(self, _uid: str, first: int, count: int, block_size: int) -> bytes:
        return MEMORY[first * block_size : (first + count) * block_size]

    def write(self, uid: str, first: int, as_sent: bytes, block_size: int) -> None: ...

    def write_afi(self, uid: str, afi: int) -> None: ...

    def write_eas(self, uid: str, *, armed: bool) -> None: ...

    def close(self) -> None: ...


def test_a_tag_that_never_tells_what_it_is_is_read_all_the_same() -> None:
    stack, reader = HfStack("straight", 28), DirectReader()

    for _ in range(4):
        stack.note_round(reader.inventory())
        stack.read_new(reader, [UID])

    (tag,) = stack.tags([UID])
    assert tag.memory == MEMORY
    assert reader.asked == 2
