"""What an OBID reader answers about ISO 15693 tags: the data of B0's replies.

A reply does not say what was asked, so each has a class and a parser of its own.
(FEIG manual H20800-16e)
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.block_order import BlockOrder
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.feig.requests import UID_SIZE
from drivers.codecs.feig.status import TAG_TYPES

TYPE_ISO15693 = 0x03
TYPE_ISO14443A = 0x04
#: TR_INFO of an ISO 14443A record: the UID has ten bytes, not seven.
_TEN_BYTE_UID = 0x04


@dataclass(frozen=True, slots=True)
class InventoryRecord:
    """A tag in an inventory; `dsfid` is None and `info` used for ISO 14443A alone."""

    uid: str
    dsfid: int | None = None
    tr_type: int = TYPE_ISO15693
    info: bytes = b""

    def encode(self) -> bytes:
        dsfid = b"" if self.dsfid is None else bytes([self.dsfid])
        return bytes([self.tr_type]) + self.info + dsfid + bytes.fromhex(self.uid)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Tags of one reply. `unread`: bytes from the first record of unknown length on."""

    records: tuple[InventoryRecord, ...] = ()
    unread: bytes = b""

    def encode(self) -> bytes:
        return bytes([len(self.records)]) + b"".join(r.encode() for r in self.records)


def parse_inventory(data: bytes) -> Inventory:
    """Read `N` and N records. Raises BadFrame when one is cut off or bytes are left.

    Only records of ISO 15693 and 14443A have a known length; another ends the list. A
    list that begins with a type that nobody knows is refused.
    """
    reader = ByteReader(data, "FEIG inventory")
    records: list[InventoryRecord] = []
    for _ in range(reader.byte("number of tags")):
        tr_type = reader.byte("TR-TYPE")
        if tr_type == TYPE_ISO15693:
            records.append(_iso15693_record(reader))
        elif tr_type == TYPE_ISO14443A:
            records.append(_iso14443a_record(reader))
        elif records or tr_type in TAG_TYPES:
            return Inventory(tuple(records), bytes([tr_type]) + reader.rest())
        else:
            raise BadFrame(
                f"FEIG inventory: unknown TR-TYPE {tr_type:02X}: {data.hex()}"
            )
    reader.finish()
    return Inventory(tuple(records))


def _iso15693_record(reader: ByteReader) -> InventoryRecord:
    dsfid = reader.byte("DSFID")
    return InventoryRecord(reader.take(UID_SIZE, "UID").hex().upper(), dsfid)


def _iso14443a_record(reader: ByteReader) -> InventoryRecord:
    info = reader.take(2, "TR_INFO and OPT")
    size = 10 if info[0] & _TEN_BYTE_UID else 7
    uid = reader.take(size, "UID").hex().upper()
    return InventoryRecord(uid, None, TYPE_ISO14443A, info)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks as the wire orders them; `security`: one byte each, 00 when not asked."""

    block_size: int
    blocks: tuple[bytes, ...]
    security: bytes

    def encode(self) -> bytes:
        pairs = zip(self.security, self.blocks, strict=True)
        body = b"".join(bytes([lock]) + block for lock, block in pairs)
        return bytes([len(self.blocks), self.block_size]) + body

    def memory(self, order: BlockOrder) -> bytes:
        """All bytes in the order of the tag."""
        return order.turn(b"".join(self.blocks), self.block_size)


def parse_blocks(data: bytes) -> Blocks:
    """Read `N SIZE` and N blocks. Raises BadFrame when the lengths do not add up."""
    reader = ByteReader(data, "FEIG blocks")
    count, size = reader.byte("number of blocks"), reader.byte("block size")
    blocks, security = [], bytearray()
    for _ in range(count):
        security.append(reader.byte("security status"))
        blocks.append(reader.take(size, "block"))
    reader.finish()
    return Blocks(size, tuple(blocks), bytes(security))


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a tag says of itself; `block_count` blocks of `block_size` bytes."""

    uid: str
    dsfid: int
    afi: int
    block_size: int
    block_count: int
    ic_ref: int

    def encode(self) -> bytes:
        head = bytes([self.dsfid]) + bytes.fromhex(self.uid)
        size = bytes([self.block_size - 1, self.block_count - 1])
        return head + bytes([self.afi]) + size + bytes([self.ic_ref])


def parse_system_info(data: bytes) -> SystemInfo:
    """Read a tag's system information. Raises BadFrame when it is of another length."""
    reader = ByteReader(data, "FEIG system information")
    dsfid = reader.byte("DSFID")
    uid = reader.take(UID_SIZE, "UID").hex().upper()
    afi = reader.byte("AFI")
    # The top bits of the block size are reserved on the air; five of them count.
    size = (reader.byte("block size") & 0x1F) + 1
    count = reader.byte("number of blocks") + 1
    info = SystemInfo(uid, dsfid, afi, size, count, reader.byte("IC reference"))
    reader.finish()
    return info


def parse_security(data: bytes) -> bytes:
    """Read `N` and one lock byte a block. Raises BadFrame when N is not right."""
    reader = ByteReader(data, "FEIG block security")
    security = reader.take(reader.byte("number of blocks"), "lock bytes")
    reader.finish()
    return security


@dataclass(frozen=True, slots=True)
class BlockFailure:
    """Why writing blocks stopped: the block, and the tag's own error if it gave one."""

    block: int | None = None
    iso_error: int | None = None


def parse_block_failure(status: int, data: bytes) -> BlockFailure:
    """Read what follows status 03 (`BLOCK`) or 95 (`ISO-ERROR [BLOCK]`)."""
    if status == 0x03:
        return BlockFailure(block=data[0] if data else None)
    block = data[1] if len(data) > 1 else None
    return BlockFailure(block, data[0] if data else None)
