"""3M's alphanumeric model, "RFID 501", of older HF tags: 32 bytes at fixed places.

    0       04
    1       which part of its set (high nibble), parts (low nibble)
    2, 3    00, type of medium
    4-19    item identifier, ASCII, 00 filled
    20-23   branch (12 bits), library (20 bits); all ones where not used
    24-27   the library's own number
    28-31   00

Known from one public implementation and its samples.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.tagdata.errors import BadTagData

SIZE = 32
FORMAT = 0x04
#: Type of medium → English name.
MEDIA = {
    0: "other",
    1: "book",
    2: "magazine",
    3: "bound journal",
    4: "audio tape",
    5: "video",
    6: "CD",
    7: "diskette",
    8: "book with diskette",
    9: "book with CD",
    13: "book with tape",
}
_ITEM = slice(4, 20)
_NUMBERS = slice(20, 24)
_CUSTOM = slice(24, 28)
_TAIL = slice(28, 32)
_ITEM_BYTES = 16
_LIBRARY_BITS = 20
#: An unused number: all ones.
NO_BRANCH, NO_LIBRARY = 0xFFF, 0xFFFFF


@dataclass(frozen=True, slots=True)
class Record:
    """What the 32 bytes say. `part` and `parts` are 0 where no set was meant."""

    item: str
    part: int = 1
    parts: int = 1
    media: int = 0
    branch: int = 0
    library: int = 0
    custom: int = 0


def parse(memory: bytes) -> Record:
    """Read a tag; what stands behind the 32 bytes does not count. Raises BadTagData."""
    if len(memory) < SIZE:
        raise BadTagData(f"{len(memory)} bytes are too few for the {SIZE} needed")
    if memory[0] != FORMAT or memory[2]:
        raise BadTagData(f"{memory[:4].hex().upper()} is no head 04 .. 00 ..", offset=0)
    if any(memory[_TAIL]):
        raise BadTagData("the last four bytes are not 00", offset=_TAIL.start)
    numbers = int.from_bytes(memory[_NUMBERS], "big")
    return Record(
        item=_item(memory[_ITEM]),
        part=memory[1] >> 4,
        parts=memory[1] & 0x0F,
        media=memory[3],
        branch=numbers >> _LIBRARY_BITS,
        library=numbers & NO_LIBRARY,
        custom=int.from_bytes(memory[_CUSTOM], "big"),
    )


def to_bytes(record: Record) -> bytes:
    """Return the 32 bytes. Raises BadTagData naming the value that does not fit."""
    ranges = (
        ("part", record.part, 15),
        ("parts", record.parts, 15),
        ("media", record.media, 255),
        ("branch", record.branch, NO_BRANCH),
        ("library", record.library, NO_LIBRARY),
        ("custom", record.custom, 0xFFFFFFFF),
    )
    for name, value, highest in ranges:
        if not 0 <= value <= highest:
            raise BadTagData(f"{name} {value} is not 0 to {highest}")
    head = bytes([FORMAT, record.part << 4 | record.parts, 0, record.media])
    numbers = record.branch << _LIBRARY_BITS | record.library
    return (
        head
        + _item_bytes(record.item)
        + numbers.to_bytes(4, "big")
        + record.custom.to_bytes(4, "big")
        + bytes(4)
    )


def _item(field: bytes) -> str:
    raw = field.partition(b"\0")[0]
    if not raw or not all(0x20 <= byte < 0x7F for byte in raw):
        raise BadTagData(f"{field.hex().upper()} is no item", offset=_ITEM.start)
    return raw.decode("ascii")


def _item_bytes(item: str) -> bytes:
    field = item.encode("ascii", errors="replace").ljust(_ITEM_BYTES, b"\0")
    if len(field) > _ITEM_BYTES or _item(field) != item:
        raise BadTagData(
            f"{item!a} is not printable ASCII of {_ITEM_BYTES} characters at most"
        )
    return field
