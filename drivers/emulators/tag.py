"""A library tag (ISO 15693) as it lies in the field of an emulated pad."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.codecs.iso15693 import IsoError

#: How the UIDs of NXP's tags begin.
_NXP = "E004"


class TagRefused(Exception):
    """The tag answered a command with an error of ISO 15693, at `block` if it has one."""

    def __init__(self, error: IsoError, block: int = 0) -> None:
        super().__init__(f"ISO 15693 error {error:02X} at block {block}")
        self.error = error
        self.block = block


@dataclass(slots=True)
class VirtualTag:
    """An ICODE-like tag: `memory` is `block_count` blocks, zero-filled to the end.

    `has_system_info` is False for tags of the first years, which do not know the command.
    Not safe for threads; the pad that it lies on guards it.
    """

    uid: str
    afi: int = 0x00
    dsfid: int = 0x00
    eas: bool = False
    memory: bytes = b""
    block_size: int = 4
    block_count: int = 28
    ic_ref: int = 0x01
    has_system_info: bool = True
    locked: set[int] = field(default_factory=set)
    afi_locked: bool = False
    dsfid_locked: bool = False
    eas_locked: bool = False

    def __post_init__(self) -> None:
        size = self.block_size * self.block_count
        if len(self.memory) > size:
            raise ValueError(
                f"tag {self.uid}: {len(self.memory)} bytes, room for {size}"
            )
        self.memory = self.memory.ljust(size, b"\0")

    @property
    def has_eas(self) -> bool:
        """Whether it knows the EAS commands of NXP, as its tags alone do."""
        return self.uid.startswith(_NXP)

    def read(self, first: int, count: int) -> tuple[bytes, ...]:
        """Blocks in the tag's order. Raises TagRefused past the last one."""
        self._check_range(first, count)
        size = self.block_size
        starts = range(first * size, (first + count) * size, size)
        return tuple(self.memory[at : at + size] for at in starts)

    def write(self, first: int, blocks: bytes) -> None:
        """Write whole blocks; those before a locked one are written all the same."""
        count = len(blocks) // self.block_size
        self._check_range(first, count)
        for index in range(count):
            self._write_block(first + index, blocks[index * self.block_size :])

    def lock(self, first: int, count: int) -> None:
        """Make blocks read-only for ever."""
        self._check_range(first, count)
        for block in range(first, first + count):
            if block in self.locked:
                raise TagRefused(IsoError.ALREADY_LOCKED, block)
            self.locked.add(block)

    def security(self, first: int, count: int) -> bytes:
        """One byte a block, 01 when it is locked."""
        self._check_range(first, count)
        return bytes(block in self.locked for block in range(first, first + count))

    def write_afi(self, afi: int) -> None:
        if self.afi_locked:
            raise TagRefused(IsoError.LOCKED)
        self.afi = afi

    def write_dsfid(self, dsfid: int) -> None:
        if self.dsfid_locked:
            raise TagRefused(IsoError.LOCKED)
        self.dsfid = dsfid

    def write_eas(self, *, on: bool) -> None:
        if self.eas_locked:
            raise TagRefused(IsoError.LOCKED)
        self.eas = on

    def _write_block(self, block: int, data: bytes) -> None:
        if block in self.locked:
            raise TagRefused(IsoError.LOCKED, block)
        at, end = block * self.block_size, (block + 1) * self.block_size
        self.memory = self.memory[:at] + data[: self.block_size] + self.memory[end:]

    def _check_range(self, first: int, count: int) -> None:
        if first + count > self.block_count:
            raise TagRefused(IsoError.NO_SUCH_BLOCK, max(first, self.block_count))
