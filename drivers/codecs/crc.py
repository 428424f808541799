"""The 16-bit CRCs of readers and tags: one polynomial, five parameter sets."""

from __future__ import annotations

from typing import Final

#: x^16 + x^12 + x^5 + 1 of ITU-T, most significant bit first and mirrored.
_POLYNOMIAL: Final = 0x1021
_POLYNOMIAL_MIRRORED: Final = 0x8408


class Crc16:
    """A CRC over the ITU-T polynomial; called with bytes it returns the register.

    `reflected`: bytes enter least significant bit first, and the register is mirrored.
    """

    __slots__ = ("_init", "_reflected", "_table", "_xor_out")

    def __init__(self, *, init: int, reflected: bool, xor_out: int) -> None:
        self._init = init
        self._reflected = reflected
        self._xor_out = xor_out
        make = _mirrored_entry if reflected else _entry
        self._table = tuple(make(byte) for byte in range(256))

    def __call__(self, data: bytes) -> int:
        register = self._init
        table = self._table
        if self._reflected:
            for byte in data:
                register = register >> 8 ^ table[(register ^ byte) & 0xFF]
        else:
            for byte in data:
                register = (register << 8 & 0xFFFF) ^ table[register >> 8 ^ byte]
        return register ^ self._xor_out


def _entry(byte: int) -> int:
    register = byte << 8
    for _ in range(8):
        carry = register & 0x8000
        register = register << 1 & 0xFFFF ^ (_POLYNOMIAL if carry else 0)
    return register


def _mirrored_entry(byte: int) -> int:
    register = byte
    for _ in range(8):
        carry = register & 1
        register = register >> 1 ^ (_POLYNOMIAL_MIRRORED if carry else 0)
    return register


#: FEIG OBID, UHFReader18 and its kin.
MCRF4XX: Final = Crc16(init=0xFFFF, reflected=True, xor_out=0)
#: ISO 15693 on the air, 7E55 readers.
X25: Final = Crc16(init=0xFFFF, reflected=True, xor_out=0xFFFF)
#: 3M readers, and the CRC word in the EPC bank of a UHF tag.
GENIBUS: Final = Crc16(init=0xFFFF, reflected=False, xor_out=0xFFFF)
#: The basic block of ISO 28560-3.
CCITT_FALSE: Final = Crc16(init=0xFFFF, reflected=False, xor_out=0)
#: GM65 scanners.
XMODEM: Final = Crc16(init=0, reflected=False, xor_out=0)
