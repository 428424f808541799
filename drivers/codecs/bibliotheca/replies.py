"""What a 3M / Bibliotheca pad answers (protocol 1.0.0). UIDs are hex, E0 first.

A reply's body is command, status, then the data that these classes read and make.
For a command to one tag the data begins with its UID.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import pairwise

from drivers.api import BadFrame
from drivers.codecs.bibliotheca.requests import (
    BLOCK_BYTES,
    UID_BYTES,
    WANT_AFI,
    WANT_DSFID,
    WANT_IC_REF,
    WANT_MEMORY,
    WITH_DSFID,
    WITH_UID,
)
from drivers.codecs.bibliotheca.status import Status
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.shown import shown

#: The first byte of every version: "a reader of 3M".
_MAKER = 0x0A
#: A lock byte above is an error of that block.
MAX_LOCK = 0x03


@dataclass(frozen=True, slots=True)
class Reply:
    """`data` is what follows the status."""

    command: int
    status: int = Status.OK
    data: bytes = b""

    def encode(self) -> bytes:
        """The body of its frame."""
        return bytes([self.command, self.status]) + self.data


def parse_reply(body: bytes) -> Reply:
    if len(body) < 2:
        raise BadFrame(f"3M reply {shown(body)} has no status")
    return Reply(body[0], body[1], body[2:])


@dataclass(frozen=True, slots=True)
class Version:
    major: int
    minor: int
    build: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.build}"

    def encode(self) -> bytes:
        return bytes([_MAKER, self.major, self.minor, self.build])


def parse_version(data: bytes) -> Version:
    """Raises BadFrame for four bytes that do not begin with 0A, and for others."""
    if len(data) != 4 or data[0] != _MAKER:
        raise BadFrame(f"3M version {shown(data)} is not 0A and three numbers")
    return Version(*data[1:])


@dataclass(frozen=True, slots=True)
class InventoryRecord:
    """`uid` or `dsfid` is None where the options did not ask for it."""

    uid: str | None
    dsfid: int | None = None

    def encode(self) -> bytes:
        dsfid = b"" if self.dsfid is None else bytes([self.dsfid])
        return dsfid + bytes.fromhex(self.uid or "")


@dataclass(frozen=True, slots=True)
class Inventory:
    """The AFI and options of the request, and the tags; one may be there twice."""

    afi: int
    options: int
    records: tuple[InventoryRecord, ...] = ()

    def encode(self) -> bytes:
        head = bytes([self.afi, self.options, len(self.records)])
        return head + b"".join(record.encode() for record in self.records)


def parse_inventory(data: bytes) -> Inventory:
    """Raises BadFrame when the number of tags is not the one it says."""
    reader = ByteReader(data, "3M inventory")
    afi, options = reader.byte("AFI"), reader.byte("options")
    count = reader.byte("number of tags")
    records = tuple(_record(reader, options) for _ in range(count))
    reader.finish()
    return Inventory(afi, options, records)


def _record(reader: ByteReader, options: int) -> InventoryRecord:
    dsfid = reader.byte("DSFID") if options & WITH_DSFID else None
    uid = reader.take(UID_BYTES, "UID").hex().upper() if options & WITH_UID else None
    return InventoryRecord(uid, dsfid)


class BlockStyle(enum.StrEnum):
    """How blocks are laid out; the request's options choose."""

    OLD = "old: count, [number, lock, data4]"
    NEW = "new: first, count, [lock, data4]"
    NEW_WITHOUT_LOCKS = "new: first, count, [data4]"


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of a tag from block `first` on, one lock byte each (00: free)."""

    first: int
    blocks: tuple[bytes, ...]
    locks: bytes
    style: BlockStyle = BlockStyle.OLD

    def encode(self) -> bytes:
        count = bytes([len(self.blocks)])
        head = count if self.style is BlockStyle.OLD else bytes([self.first]) + count
        return head + b"".join(
            self._block(place, block) for place, block in enumerate(self.blocks)
        )

    def _block(self, place: int, block: bytes) -> bytes:
        match self.style:
            case BlockStyle.OLD:
                return bytes([self.first + place, self.locks[place]]) + block
            case BlockStyle.NEW:
                return self.locks[place : place + 1] + block
            case BlockStyle.NEW_WITHOUT_LOCKS:
                return block


def parse_blocks(data: bytes) -> Blocks:
    """Read blocks of any style: the one whose numbers fit the length.

    Raises BadFrame when none does, or when blocks of the old style are not in turn.
    """
    if data and len(data) == 1 + data[0] * (2 + BLOCK_BYTES):
        numbers = data[1 :: 2 + BLOCK_BYTES]
        if all(after == before + 1 for before, after in pairwise(numbers)):
            first = numbers[0] if numbers else 0
            return _blocks(data[1:], first, 2 + BLOCK_BYTES, BlockStyle.OLD)
    if len(data) >= 2 and len(data) == 2 + data[1] * (1 + BLOCK_BYTES):
        return _blocks(data[2:], data[0], 1 + BLOCK_BYTES, BlockStyle.NEW)
    if len(data) >= 2 and len(data) == 2 + data[1] * BLOCK_BYTES:
        return _blocks(data[2:], data[0], BLOCK_BYTES, BlockStyle.NEW_WITHOUT_LOCKS)
    raise BadFrame(f"3M blocks {shown(data)}: length and numbers do not fit")


def _blocks(data: bytes, first: int, size: int, style: BlockStyle) -> Blocks:
    """`data` is blocks of `size` bytes each, whose last four are the content."""
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    locks = bytes(len(parts))
    if style is not BlockStyle.NEW_WITHOUT_LOCKS:
        locks = bytes(part[-BLOCK_BYTES - 1] for part in parts)
    return Blocks(first, tuple(part[-BLOCK_BYTES:] for part in parts), locks, style)


@dataclass(frozen=True, slots=True)
class TagInformation:
    """What a tag says of itself; None for what it does not have."""

    dsfid: int | None = None
    afi: int | None = None
    block_size: int | None = None
    block_count: int | None = None
    ic_ref: bytes | None = None

    def encode(self) -> bytes:
        """`have`, then the fields in the order of its bits."""
        have, fields = 0, b""
        if self.dsfid is not None:
            have, fields = have | WANT_DSFID, fields + bytes([self.dsfid])
        if self.afi is not None:
            have, fields = have | WANT_AFI, fields + bytes([self.afi])
        if self.block_size is not None and self.block_count is not None:
            size = bytes([self.block_size - 1, self.block_count - 1])
            have, fields = have | WANT_MEMORY, fields + size
        if self.ic_ref is not None:
            have, fields = have | WANT_IC_REF, fields + self.ic_ref
        return bytes([have]) + fields


def parse_tag_information(data: bytes) -> TagInformation:
    """Raises BadFrame when the fields are not those that it says it has."""
    reader = ByteReader(data, "3M tag information")
    have = reader.byte("what the tag has")
    dsfid = reader.byte("DSFID") if have & WANT_DSFID else None
    afi = reader.byte("AFI") if have & WANT_AFI else None
    size = count = None
    if have & WANT_MEMORY:
        size, count = reader.byte("block size") + 1, reader.byte("last block") + 1
    # Two bytes by the document; what is in them is each maker's own affair.
    ic_ref = reader.rest() if have & WANT_IC_REF else None
    reader.finish()
    return TagInformation(dsfid, afi, size, count, ic_ref)


@dataclass(frozen=True, slots=True)
class AirReply:
    """What came back over the air: `flags` 01 start seen, 02 end seen, 04 violations.

    `air` is empty when no tag answered.
    """

    flags: int
    air: bytes

    def encode(self) -> bytes:
        return bytes([self.flags]) + len(self.air).to_bytes(2) + self.air


def parse_air_reply(data: bytes) -> AirReply:
    """Raises BadFrame when the number of bytes is not the one it says."""
    reader = ByteReader(data, "3M pass through reply")
    flags = reader.byte("result flags")
    size = int.from_bytes(reader.take(2, "number of bytes received"))
    reply = AirReply(flags, reader.take(size, "bytes of the tag"))
    reader.finish()
    return reply


def parse_byte(data: bytes, field: str) -> int:
    """A reply of one byte: AFI, DSFID or EAS."""
    reader = ByteReader(data, f"3M {field}")
    value = reader.byte(field)
    reader.finish()
    return value


def split_uid(data: bytes) -> tuple[str, bytes]:
    """The UID that the data of a command to one tag begins with, and the rest."""
    reader = ByteReader(data, "3M reply")
    return reader.take(UID_BYTES, "UID").hex().upper(), reader.rest()
