"""ISO 28560-3, the Danish data model: one block of 32 or 34 bytes at fixed places.

    0       version (1) and type of usage, one nibble each
    1, 2    number of parts, and which one this is
    3-18    item identifier, filled up with 00
    19, 20  CRC-16 CCITT-FALSE over bytes 0-18 and 21-33, low byte first
    21-31   owner: country and institution without the hyphen between; to 33 if there
            is room; bytes 32 and 33 count as 00 for the CRC where a tag has none

Danish and ISO tags have the version in the high nibble of byte 0, Bibliotheca's in the
low one. From byte 34 on extension blocks may follow (`iso28560_3_extensions`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.codecs import crc
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_3_extensions import Extension, parse_extensions

SHORT_BLOCK = 32
LONG_BLOCK = 34
VERSION = 1
_ITEM = slice(3, 19)
_CHECKSUM = slice(19, 21)
_OWNER = slice(21, 34)
_ITEM_BYTES = 16
_HYPHEN_AT = 2


@dataclass(frozen=True, slots=True)
class BasicBlock:
    """What the fixed part says. `owner` is written without the hyphen of the ISIL.

    `usage`: 0 acquisition 1 circulating 2 not circulating 7 discarded 8 patron card
    9 equipment …; the main uses of ISO 28560-2.
    """

    item: str
    owner: str = ""
    parts: int = 1
    part: int = 1
    usage: int = 1
    version: int = VERSION

    @property
    def isil(self) -> str:
        return to_isil(self.owner)


@dataclass(frozen=True, slots=True)
class TagRecord:
    """A whole tag. `reversed_blocks`: its bytes stand backwards in every block."""

    basic: BasicBlock
    extensions: tuple[Extension, ...] = ()
    reversed_blocks: bool = False


def parse(memory: bytes, block_size: int = 4) -> TagRecord:
    """Read a tag, also one with reversed blocks. Raises BadTagData for any fault."""
    upright = straighten(memory, block_size)
    return TagRecord(
        basic=parse_basic(upright),
        extensions=parse_extensions(upright, LONG_BLOCK),
        reversed_blocks=upright != memory,
    )


def straighten(memory: bytes, block_size: int) -> bytes:
    """Undo reversed blocks where that makes the CRC right; else return `memory`."""
    if has_valid_checksum(memory):
        return memory
    turned = reverse_blocks(memory, block_size)
    return turned if has_valid_checksum(turned) else memory


def parse_basic(memory: bytes) -> BasicBlock:
    """Read the fixed part. Raises BadTagData for a wrong CRC or length."""
    block = read_unchecked(memory)
    if not has_valid_checksum(memory):
        raise BadTagData(
            f"CRC {_stored_checksum(memory):04X} is stored, "
            f"{checksum(memory):04X} is right",
            offset=_CHECKSUM.start,
        )
    return block


def read_unchecked(memory: bytes) -> BasicBlock:
    """Read the fixed part whatever its CRC. Raises BadTagData for what is no text."""
    if len(memory) < SHORT_BLOCK:
        raise BadTagData(
            f"{len(memory)} bytes are too few for the {SHORT_BLOCK} needed"
        )
    version, usage = memory[0] >> 4, memory[0] & 0x0F
    if version != VERSION and usage == VERSION:
        version, usage = usage, version
    return BasicBlock(
        item=_text(memory, _ITEM),
        owner=_text(memory, _OWNER),
        parts=memory[1],
        part=memory[2],
        usage=usage,
        version=version,
    )


def has_valid_checksum(memory: bytes) -> bool:
    """Whether this is a basic block; any 32 bytes pass by chance once in 65536."""
    return len(memory) >= SHORT_BLOCK and _stored_checksum(memory) == checksum(memory)


def looks_damaged(memory: bytes) -> bool:
    """Whether everything but the CRC speaks for a basic block."""
    try:
        block = read_unchecked(memory)
    except BadTagData:
        return False
    return (
        block.version == VERSION
        and 1 <= block.part <= block.parts
        and block.item != ""
        and block.item.isprintable()
        and _stored_checksum(memory) not in (0, checksum(memory))
    )


def checksum(memory: bytes) -> int:
    """Compute the CRC over the basic block; bytes that the tag lacks count as 00."""
    block = memory[:LONG_BLOCK].ljust(LONG_BLOCK, b"\0")
    return crc.CCITT_FALSE(block[: _CHECKSUM.start] + block[_CHECKSUM.stop :])


def to_bytes(block: BasicBlock, size: int = SHORT_BLOCK) -> bytes:
    """Return the basic block in its form of 32 or 34 bytes.

    Raises BadTagData naming the value that does not fit.
    """
    head = bytes(
        [
            _ranged("version", block.version, 15) << 4
            | _ranged("usage", block.usage, 15),
            _ranged("parts", block.parts, 255),
            _ranged("part", block.part, 255),
        ]
    )
    item = _filled("item", block.item, _ITEM_BYTES)
    owner = _filled("owner", block.owner, size - _OWNER.start)
    value = checksum(head + item + bytes(2) + owner)
    return head + item + value.to_bytes(2, "little") + owner


def compose(block: BasicBlock, extensions: Sequence[bytes] = ()) -> bytes:
    """Return a new tag: the basic block in 32 bytes if they suffice, else in 34.

    `extensions` are whole blocks; they begin at byte 34, and 00 ends them. Raises
    BadTagData naming the value that does not fit.
    """
    owner_bytes = len(block.owner.encode(errors="replace"))
    is_short = not extensions and owner_bytes <= SHORT_BLOCK - _OWNER.start
    if is_short:
        return to_bytes(block, SHORT_BLOCK)
    end = [b"\0"] if extensions else []
    return b"".join([to_bytes(block, LONG_BLOCK), *extensions, *end])


def reverse_blocks(memory: bytes, block_size: int) -> bytes:
    """Turn every block end for end, as FEIG readers and some writers do."""
    starts = range(0, len(memory), block_size)
    return b"".join(memory[at : at + block_size][::-1] for at in starts)


def to_isil(owner: str) -> str:
    """Put the hyphen back behind the country: DE705 is DE-705."""
    if not re.match("[A-Z]{2}[^-]", owner):
        return owner
    return f"{owner[:_HYPHEN_AT]}-{owner[_HYPHEN_AT:]}"


def from_isil(isil: str) -> str:
    """Leave the hyphen behind the country out: DE-705 is written DE705."""
    return re.sub("^([A-Z]{2})-", r"\1", isil)


def _stored_checksum(memory: bytes) -> int:
    return int.from_bytes(memory[_CHECKSUM], "little")


def _text(memory: bytes, place: slice) -> str:
    raw = memory[place].partition(b"\0")[0]
    try:
        return raw.decode()
    except UnicodeDecodeError as err:
        raise BadTagData(
            f"{raw.hex().upper()} is not UTF-8", offset=place.start
        ) from err


def _ranged(name: str, value: int, highest: int) -> int:
    if not 0 <= value <= highest:
        raise BadTagData(f"{name} {value} is not 0 to {highest}")
    return value


def _filled(name: str, text: str, size: int) -> bytes:
    if not text.isprintable():
        raise BadTagData(f"{name} {text!a} is not printable")
    raw = text.encode()
    if len(raw) > size:
        raise BadTagData(f"{name} {text!a} has {len(raw)} bytes, {size} is the most")
    return raw.ljust(size, b"\0")
