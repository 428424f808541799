"""What goes over the air between a reader and ISO 15693 tags, sans-IO.

Readers in transparent mode hand this over as it is, without the air CRC. UIDs travel
last byte first.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

#: Bits of the information flags: which fields follow the UID, in this order.
_DSFID, _AFI, _MEMORY, _IC_REF = 0x01, 0x02, 0x04, 0x08
_KNOWN = 0x0F
_UID_BYTES = 8
#: The top bits of the block size are reserved.
_SIZE_BITS = 0x1F

#: Flags of a request: high data rate; the UID of the one tag that is meant follows.
HIGH_RATE, ADDRESSED = 0x02, 0x20
MAKER_NXP = 0x04
#: Flag of an answer: the tag refuses, and says why in the next byte.
_REFUSED = 0x01


class NxpCommand(enum.IntEnum):
    """Commands of NXP's ICODE tags about the bit that rings at a gate."""

    SET_EAS = 0xA2
    RESET_EAS = 0xA3
    LOCK_EAS = 0xA4
    EAS_ALARM = 0xA5


class IsoError(enum.IntEnum):
    """Error codes with which a tag refuses a command."""

    NOT_SUPPORTED = 0x01
    NO_SUCH_BLOCK = 0x10
    ALREADY_LOCKED = 0x11
    LOCKED = 0x12
    NOT_PROGRAMMED = 0x13


_ISO_ERROR_TEXTS = {
    0x01: "command not supported",
    0x02: "command not recognised",
    0x03: "option not supported",
    0x0F: "unknown error",
    0x10: "no such block",
    0x11: "block is already locked",
    0x12: "block is locked",
    0x13: "block was not programmed",
    0x14: "block was not locked",
}


def iso_error_text(code: int) -> str:
    """Say what an ISO 15693 tag's error byte means."""
    known = _ISO_ERROR_TEXTS.get(code)
    if known is None:
        known = "error of the maker's own" if 0xA0 <= code <= 0xDF else "unknown error"
    return f"{known} ({code:02X})"


def nxp_eas_request(uid: str, *, armed: bool) -> bytes:
    """Ask one tag to set or reset its EAS bit: `flags command maker UID`."""
    command = NxpCommand.SET_EAS if armed else NxpCommand.RESET_EAS
    head = bytes([HIGH_RATE | ADDRESSED, command, MAKER_NXP])
    return head + bytes.fromhex(uid)[::-1]


def refusal_in(reply: bytes) -> int | None:
    """The error with which a tag refuses; None when it did as it was asked.

    Raises BadFrame for bytes that are no answer.
    """
    reader = ByteReader(reply, "ISO 15693 answer")
    if not reader.byte("flags") & _REFUSED:
        return None
    return reader.byte("error")


@dataclass(frozen=True, slots=True)
class SystemInformation:
    """What a tag says of itself (command 2B); None for what it left out."""

    uid: str
    dsfid: int | None = None
    afi: int | None = None
    block_count: int | None = None
    block_size: int | None = None
    ic_ref: int | None = None


def parse_system_information(reply: bytes) -> SystemInformation:
    """Parse from the information flags on, or from the flags byte 00 before them.

    Raises BadFrame for unknown flags, and where the length is not what they say.
    """
    body = reply[1:] if reply[:1] == b"\x00" else reply
    reader = ByteReader(body, "ISO 15693 system information")
    flags = reader.byte("information flags")
    if flags & ~_KNOWN:
        raise BadFrame(f"not a system information: {reply.hex(' ').upper()}")
    found = SystemInformation(
        uid=reader.take(_UID_BYTES, "UID")[::-1].hex().upper(),
        dsfid=reader.byte("DSFID") if flags & _DSFID else None,
        afi=reader.byte("AFI") if flags & _AFI else None,
        block_count=reader.byte("number of blocks") + 1 if flags & _MEMORY else None,
        block_size=_block_size(reader) if flags & _MEMORY else None,
        ic_ref=reader.byte("IC reference") if flags & _IC_REF else None,
    )
    reader.finish()
    return found


def _block_size(reader: ByteReader) -> int:
    return (reader.byte("block size") & _SIZE_BITS) + 1
