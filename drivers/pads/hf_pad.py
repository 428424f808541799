"""RFID pads for HF tags (ISO 15693): rounds and commands, whatever the reader speaks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from drivers.api import CommandRefused, Tag
from drivers.pads.hf_reader import HfReader
from drivers.pads.hf_stack import BlockOrderOption, HfStack
from drivers.pads.pad import NO_AFI, Pad, PadOptions, refusing


class HfOptions(PadOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`read_blocks_count`: blocks read of a new tag, never more than it has."""

    read_blocks_count: Annotated[int, Meta(ge=1, le=256)] = 28


class HfPad(Pad[HfReader]):
    """Reads the memory of each tag once.

    Tags in an event carry memory as soon as it could be read; a tag that could not be
    read is there without, and is tried again in the next round.
    """

    def __init__(
        self, options: HfOptions, block_order: BlockOrderOption = "straight"
    ) -> None:
        """`block_order`: how the reader sends a block; "auto" judges by the content."""
        super().__init__(options)
        self._stack = HfStack(block_order, options.read_blocks_count)

    def close(self) -> None:
        super().close()
        self._stack.clear()

    def read_blocks(self, uid: str, first: int, count: int) -> bytes:
        """`count` blocks in the order of the tag."""
        self._check_nameable(uid, first, count)
        with refusing():
            reader = self._reader
            return self._stack.known(reader, uid).read(reader, first, count)

    def read_afi(self, uid: str) -> int:
        """The AFI as the tag tells it now."""
        with refusing():
            info = self._reader.tag_info(uid)
        if info is None or info.afi is None:
            raise CommandRefused(
                f"{self._port}: {uid} does not tell its AFI", status=NO_AFI
            )
        self._stack.note_afi(uid, info.afi)
        return info.afi

    def write_afi(self, uid: str, afi: int) -> int:
        """Write the AFI and read it back; returns the value read."""
        with refusing():
            self._reader.write_afi(uid, afi)
        return self.read_afi(uid)

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Switch the EAS bit. A lost answer is a refusal: the bit can't be read back."""
        with refusing():
            self._reader.write_eas(uid, armed=armed)

    def write_blocks(self, uid: str, first: int, data: bytes) -> None:
        """Write whole blocks in the order of the tag and read them back.

        Raises ValueError when `data` is not whole blocks, and CommandRefused when
        something else stands on the tag afterwards.
        """
        with refusing():
            reader = self._reader
            seen = self._stack.known(reader, uid)
            size = seen.tag.block_size
            if len(data) % size:
                raise ValueError(f"{len(data)} bytes are not whole blocks of {size}")
            self._check_nameable(uid, first, len(data) // size)
            # It says something else from now on: the next round reads it afresh.
            self._stack.forget(uid)
            reader.write(uid, first, seen.order.turn(data, size), size)
            found = seen.read(reader, first, len(data) // size)
        self._check_read_back(uid, first, data, found)

    def _look(self) -> tuple[Tag, ...]:
        sightings = self._reader.inventory()
        self._stack.note_round(sightings)
        uids = [sighting.uid for sighting in sightings]
        self._stack.read_new(self._reader, uids)
        return self._stack.tags(uids)
