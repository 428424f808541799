"""What a host asks an OBID reader about tags: commands B0 (ISO 15693) and B1 (NXP).

The data of B0 is `SUB MODE [UID] parameters`, that of B1 `MAKER SUB MODE [UID]`. UIDs
are eight bytes, E0 first, here as upper-case hex. A request without UID goes to the
one tag in the field, or to the selected one. (FEIG manual H20800-16e)
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

ISO_HOST = 0xB0
ISO_CUSTOM = 0xB1

UID_SIZE = 8
#: A reader takes or gives no more bytes of blocks in one command.
MAX_BLOCK_BYTES = 128
MAKER_NXP = 0x04

#: MODE of an inventory: go on where the last reply ended; wait for a tag; presence.
MODE_MORE = 0x80
MODE_NOTIFY = 0x40
#: MODE of read blocks: fetch the lock state of each block as well.
MODE_SECURITY = 0x08
#: MODE of select: a byte with the UID's length stands before it.
MODE_UID_LENGTH = 0x10
_ADDRESSING = 0x07


class Sub(enum.IntEnum):
    """First byte of B0's data."""

    INVENTORY = 0x01
    STAY_QUIET = 0x02
    LOCK_BLOCKS = 0x22
    READ_BLOCKS = 0x23
    WRITE_BLOCKS = 0x24
    SELECT = 0x25
    RESET_TO_READY = 0x26
    WRITE_AFI = 0x27
    LOCK_AFI = 0x28
    WRITE_DSFID = 0x29
    LOCK_DSFID = 0x2A
    SYSTEM_INFO = 0x2B
    BLOCK_SECURITY = 0x2C

    @property
    def title(self) -> str:
        return f"{self:02X} {self.name.lower().replace('_', ' ')}"


class EasSub(enum.IntEnum):
    """Second byte of B1's data for NXP's ICODE tags."""

    SET_EAS = 0xA2
    RESET_EAS = 0xA3
    LOCK_EAS = 0xA4
    EAS_ALARM = 0xA5

    @property
    def title(self) -> str:
        return f"{self:02X} {self.name.lower().replace('_', ' ').replace('eas', 'EAS')}"


class Addressing(enum.IntEnum):
    """Lowest bits of MODE: which tag is meant."""

    ANY = 0
    BY_UID = 1
    SELECTED = 2


_WITH_RANGE = frozenset({Sub.LOCK_BLOCKS, Sub.READ_BLOCKS, Sub.BLOCK_SECURITY})
_WITH_VALUE = frozenset({Sub.WRITE_AFI, Sub.WRITE_DSFID})


@dataclass(frozen=True, slots=True)
class IsoRequest:
    """Data of a B0 request; fields that `sub` does not use keep their defaults.

    `mode` holds the MODE bits apart from the addressing. `blocks`: bytes to write in
    the order of the wire, `count` blocks. `value`: the AFI or DSFID to write, or the
    time in 100 ms that an inventory with MODE_NOTIFY waits.
    """

    sub: Sub
    uid: str = ""
    mode: int = 0
    addressing: Addressing = Addressing.ANY
    first_block: int = 0
    count: int = 0
    blocks: bytes = b""
    value: int = 0

    @property
    def block_size(self) -> int:
        return len(self.blocks) // self.count if self.count else 0

    def encode(self) -> bytes:
        """Make the data of the frame."""
        return bytes([self.sub, self.mode | self.addressing]) + self._uid + self._tail

    @property
    def _uid(self) -> bytes:
        uid = bytes.fromhex(self.uid)
        return bytes([len(uid)]) + uid if self._tells_uid_length else uid

    @property
    def _tells_uid_length(self) -> bool:
        return self.sub is Sub.SELECT and bool(self.mode & MODE_UID_LENGTH)

    @property
    def _tail(self) -> bytes:
        if self.sub in _WITH_RANGE:
            return bytes([self.first_block, self.count])
        if self.sub is Sub.WRITE_BLOCKS:
            return bytes([self.first_block, self.count, self.block_size]) + self.blocks
        return bytes([self.value]) if self._has_value else b""

    @property
    def _has_value(self) -> bool:
        waits = self.sub is Sub.INVENTORY and bool(self.mode & MODE_NOTIFY)
        return waits or self.sub in _WITH_VALUE


def inventory(*, more: bool = False) -> IsoRequest:
    """Ask for all tags; `more` continues a reply that ended with "more data"."""
    return IsoRequest(Sub.INVENTORY, mode=MODE_MORE if more else 0)


def addressed(sub: Sub, uid: str, *, value: int = 0) -> IsoRequest:
    """Ask one tag for something that concerns no blocks."""
    return IsoRequest(sub, uid, addressing=Addressing.BY_UID, value=value)


def read_blocks(uid: str, first: int, count: int) -> IsoRequest:
    """Ask one tag for `count` blocks."""
    return IsoRequest(
        Sub.READ_BLOCKS,
        uid,
        addressing=Addressing.BY_UID,
        first_block=first,
        count=count,
    )


def write_blocks(uid: str, first: int, count: int, blocks: bytes) -> IsoRequest:
    """Ask one tag to take `count` blocks, whose bytes are in the order of the wire."""
    return IsoRequest(
        Sub.WRITE_BLOCKS,
        uid,
        addressing=Addressing.BY_UID,
        first_block=first,
        count=count,
        blocks=blocks,
    )


def parse_iso_request(data: bytes) -> IsoRequest:
    """Read the data of a B0 request. Raises BadFrame saying where it breaks off."""
    reader = ByteReader(data, "FEIG B0 request")
    sub = _sub(reader.byte("subcommand"))
    mode = reader.byte("MODE")
    addressing = _addressing(sub, mode)
    mode &= ~_ADDRESSING
    request = IsoRequest(
        sub, _read_uid(reader, sub, mode, addressing), mode, addressing
    )
    request = _read_tail(reader, request)
    reader.finish()
    return request


def _sub(code: int) -> Sub:
    try:
        return Sub(code)
    except ValueError as err:
        raise BadFrame(f"FEIG B0 request: unknown subcommand {code:02X}") from err


def _addressing(sub: Sub | EasSub, mode: int) -> Addressing:
    try:
        return Addressing(mode & _ADDRESSING)
    except ValueError as err:
        raise BadFrame(f"FEIG {sub.title}: MODE {mode:02X} addresses no tag") from err


def _read_uid(reader: ByteReader, sub: Sub, mode: int, addressing: Addressing) -> str:
    if addressing is not Addressing.BY_UID or sub is Sub.INVENTORY:
        return ""
    tells_length = sub is Sub.SELECT and mode & MODE_UID_LENGTH
    size = reader.byte("UID length") if tells_length else UID_SIZE
    return reader.take(size, "UID").hex().upper()


def _read_tail(reader: ByteReader, request: IsoRequest) -> IsoRequest:
    """Add the parameters behind the UID."""
    sub, mode = request.sub, request.mode
    first = count = value = 0
    blocks = b""
    if sub in _WITH_RANGE or sub is Sub.WRITE_BLOCKS:
        first, count = reader.byte("first block"), reader.byte("number of blocks")
    if sub is Sub.WRITE_BLOCKS:
        blocks = reader.take(count * reader.byte("block size"), "blocks")
    elif sub in _WITH_VALUE or (sub is Sub.INVENTORY and mode & MODE_NOTIFY):
        value = reader.byte("value")
    return IsoRequest(
        sub, request.uid, mode, request.addressing, first, count, blocks, value
    )


@dataclass(frozen=True, slots=True)
class EasRequest:
    """Data of a B1 request about the EAS bit of an NXP tag."""

    sub: EasSub
    uid: str = ""
    addressing: Addressing = Addressing.ANY
    maker: int = MAKER_NXP

    def encode(self) -> bytes:
        """Make the data of the frame."""
        return bytes([self.maker, self.sub, self.addressing]) + bytes.fromhex(self.uid)


def parse_eas_request(data: bytes) -> EasRequest:
    """Read the data of a B1 request. Raises BadFrame when it is none about EAS."""
    reader = ByteReader(data, "FEIG B1 request")
    maker = reader.byte("maker code")
    code = reader.byte("subcommand")
    if maker != MAKER_NXP or code not in list(EasSub):
        raise BadFrame(f"FEIG B1 request: unknown maker and subcommand {data.hex()}")
    sub = EasSub(code)
    addressing = _addressing(sub, reader.byte("MODE"))
    by_uid = addressing is Addressing.BY_UID
    uid = reader.take(UID_SIZE, "UID").hex().upper() if by_uid else ""
    reader.finish()
    return EasRequest(sub, uid, addressing, maker)
