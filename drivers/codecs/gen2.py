"""Facts of UHF tags (EPC Gen2, ISO 18000-63) that every UHF reader passes on.

The EPC bank begins with a CRC word, then the PC word, then the EPC. What stands in
PC and EPC of a library tag is the business of `drivers.tagdata`.
"""

from __future__ import annotations

import enum

#: Bits 15 to 11 of the PC word: words of the EPC.
_LENGTH_SHIFT = 11


class Bank(enum.IntEnum):
    """Memory banks of a tag."""

    RESERVED = 0
    EPC = 1
    TID = 2
    USER = 3


class TagError(enum.IntEnum):
    """What a tag answers to an access that it does not carry out."""

    OTHER = 0x0
    OVERRUN = 0x3
    LOCKED = 0x4
    POWER = 0xB
    UNSPECIFIC = 0xF


TAG_ERROR_TEXTS = {
    TagError.OTHER: "other error",
    TagError.OVERRUN: "no such memory",
    TagError.LOCKED: "memory locked",
    TagError.POWER: "not enough power",
    TagError.UNSPECIFIC: "unspecific error",
}


def epc_size(pc: int) -> int:
    """How many bytes of EPC a PC word announces."""
    return (pc >> _LENGTH_SHIFT) * 2
