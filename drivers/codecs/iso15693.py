"""Answers of ISO 15693 tags as they come over the air, sans-IO.

Readers in transparent mode hand these over as they are, without the air CRC.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

#: Bits of the information flags: which fields follow the UID, in this order.
_DSFID, _AFI, _MEMORY, _IC_REF = 0x01, 0x02, 0x04, 0x08
_KNOWN = 0x0F
_UID_BYTES = 8


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
        block_size=reader.byte("block size") + 1 if flags & _MEMORY else None,
        ic_ref=reader.byte("IC reference") if flags & _IC_REF else None,
    )
    reader.finish()
    return found
