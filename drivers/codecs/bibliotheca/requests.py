"""What a 3M / Bibliotheca pad can be asked (protocol 1.0.0). UIDs are hex, E0 first."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.shown import shown

UID_BYTES = 8
#: The protocol knows no other size.
BLOCK_BYTES = 4

#: Asks the layer below for the hardware's version; its reply begins alike.
BOOT_VERSION = bytes.fromhex("040011")

# Inventory options.
WITH_UID, WITH_DSFID = 0x01, 0x02
#: Means nothing alone, but everybody sends it: old firmware wants 05 for UIDs.
_LEGACY = 0x04
_WITH_PROTOCOLS = 0x40

# Read options.
NEW_STYLE, WITHOUT_LOCKS = 0x04, 0x08

# Parts of a tag's information, in the order in which they come.
WANT_DSFID, WANT_AFI, WANT_MEMORY, WANT_IC_REF = 0x01, 0x02, 0x04, 0x08

#: Pass through: a byte of RF flags stands before the bytes for the tag.
_WITH_RF_FLAGS = 0x8000


class Command(enum.IntEnum):
    """13 is not in the maker's document; programs send it once after opening."""

    QUIET = 0x01
    READ_BLOCKS = 0x02
    CHECK_EAS = 0x03
    WRITE_BLOCKS = 0x04
    WRITE_BLOCK = 0x05
    LOCK_AFI = 0x06
    WRITE_AND_LOCK_BLOCK = 0x07
    LOCK_BLOCK = 0x08
    WRITE_AFI = 0x09
    GET_AFI = 0x0A
    WRITE_DSFID = 0x0B
    WRITE_EAS = 0x0C
    TAG_INFO = 0x0D
    LOCK_DSFID = 0x0E
    GET_DSFID = 0x0F
    VERSION = 0x11
    SET_UP = 0x13
    PASS_THROUGH = 0x14
    INVENTORY = 0xFE

    @property
    def title(self) -> str:
        """The command in words."""
        return self.name.lower().replace("_", " ")


#: Sizes of what may follow the UID. Writing blocks depends on their number.
_TAIL_SIZES: Mapping[Command, tuple[int, ...]] = {
    Command.QUIET: (0,),
    Command.READ_BLOCKS: (2, 3),
    Command.CHECK_EAS: (0,),
    Command.WRITE_BLOCK: (1 + BLOCK_BYTES,),
    Command.LOCK_AFI: (0,),
    Command.WRITE_AND_LOCK_BLOCK: (1 + BLOCK_BYTES,),
    Command.LOCK_BLOCK: (1,),
    Command.WRITE_AFI: (1,),
    Command.GET_AFI: (0,),
    Command.WRITE_DSFID: (1,),
    Command.WRITE_EAS: (1,),
    Command.TAG_INFO: (1,),
    Command.LOCK_DSFID: (0,),
    Command.GET_DSFID: (0,),
}
ADDRESSED = frozenset({*_TAIL_SIZES, Command.WRITE_BLOCKS})


@dataclass(frozen=True, slots=True)
class Request:
    """A command; `uid` of the tag it is for, if any, and what follows."""

    command: Command
    uid: str = ""
    tail: bytes = b""

    def encode(self) -> bytes:
        """The body of its frame."""
        return bytes([self.command]) + bytes.fromhex(self.uid) + self.tail


def inventory() -> Request:
    """Ask for the UIDs of all tags, whatever their AFI."""
    return Request(Command.INVENTORY, tail=bytes([0x00, WITH_UID | _LEGACY]))


def set_up() -> Request:
    """The undocumented one, as programs send it: four numbers, each with a zero."""
    return Request(Command.SET_UP, tail=bytes.fromhex("04 0100 0200 0300 0400"))


def read_blocks(uid: str, first: int, count: int, options: int = 0) -> Request:
    tail = bytes([first, count]) + (bytes([options]) if options else b"")
    return Request(Command.READ_BLOCKS, uid, tail)


def write_blocks(uid: str, first: int, blocks: bytes) -> Request:
    """`blocks`: whole blocks, in the order of the tag."""
    head = bytes([first, len(blocks) // BLOCK_BYTES, 0x00])
    return Request(Command.WRITE_BLOCKS, uid, head + blocks)


def pass_through(air: bytes, most: int) -> Request:
    """Send `air` (without its CRC) to the tags and take up to `most` bytes back."""
    sizes = len(air).to_bytes(2) + most.to_bytes(2)
    default_timing = bytes(2)
    return Request(Command.PASS_THROUGH, tail=sizes + default_timing + air)


@dataclass(frozen=True, slots=True)
class PassThrough:
    """What stands in a pass through: bytes for the tag, and how many may come back."""

    most: int
    control: int
    air: bytes


def parse_request(body: bytes) -> Request:
    """Read a request. Raises BadFrame when its length is not what the command needs."""
    reader = ByteReader(body, "3M request")
    code = reader.byte("command")
    if code not in list(Command):
        raise BadFrame(f"3M request: unknown command {code:02X} in {shown(body)}")
    command = Command(code)
    uid = ""
    if command in ADDRESSED:
        uid = reader.take(UID_BYTES, "UID").hex().upper()
    request = Request(command, uid, reader.rest())
    if not _fits(request):
        raise BadFrame(
            f"3M request {command.title}: {len(request.tail)} bytes of parameters "
            f"are not what it takes: {shown(body)}"
        )
    return request


def parse_pass_through(tail: bytes) -> PassThrough:
    """Raises BadFrame when the number of bytes is not the one it says."""
    reader = ByteReader(tail, "3M pass through")
    size = int.from_bytes(reader.take(2, "number of bytes to send"))
    most = int.from_bytes(reader.take(2, "number of bytes to receive"))
    control = int.from_bytes(reader.take(2, "control options"))
    if control & _WITH_RF_FLAGS:
        reader.byte("RF flags")
    found = PassThrough(most, control, reader.take(size, "bytes for the tag"))
    reader.finish()
    return found


def _fits(request: Request) -> bool:
    tail = request.tail
    match request.command:
        case Command.INVENTORY:
            protocols = len(tail) > 1 and bool(tail[1] & _WITH_PROTOCOLS)
            return len(tail) == 2 + protocols
        case Command.VERSION:
            return not tail
        case Command.SET_UP:
            return len(tail) == 1 + 2 * tail[0] if tail else False
        case Command.WRITE_BLOCKS:
            return len(tail) >= 3 and len(tail) == 3 + BLOCK_BYTES * tail[1]
        case Command.PASS_THROUGH:
            return _is_pass_through(tail)
        case command:
            return len(tail) in _TAIL_SIZES[command]


def _is_pass_through(tail: bytes) -> bool:
    try:
        parse_pass_through(tail)
    except BadFrame:
        return False
    return True
