"""Answers of ISO 15693 tags as they come over the air, sans-IO.

Readers in transparent mode hand these over as they are, without the air CRC.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame

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
    """Parse from the information flags on, or from the flags byte 00 before them."""
    body = reply[1:] if reply[:1] == b"\x00" else reply
    if len(body) < 1 + _UID_BYTES or body[0] & ~_KNOWN:
        raise BadFrame(f"not a system information: {reply.hex(' ')}")
    flags, uid, rest = body[0], body[1 : 1 + _UID_BYTES], list(body[1 + _UID_BYTES :])
    wanted = sum((1, 1, 2, 1)[bit] for bit in range(4) if flags >> bit & 1)
    if len(rest) != wanted:
        text = f"system information: {len(rest)} bytes for {wanted}: {reply.hex(' ')}"
        raise BadFrame(text)
    return SystemInformation(
        uid=uid[::-1].hex().upper(),
        dsfid=rest.pop(0) if flags & _DSFID else None,
        afi=rest.pop(0) if flags & _AFI else None,
        block_count=rest.pop(0) + 1 if flags & _MEMORY else None,
        block_size=rest.pop(0) + 1 if flags & _MEMORY else None,
        ic_ref=rest.pop(0) if flags & _IC_REF else None,
    )
