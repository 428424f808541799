"""The 16-bit CRCs of readers and tags: one polynomial, five parameter sets."""

from __future__ import annotations

from binascii import crc_hqx
from typing import Final

#: Each byte with its bits in reverse order.
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Crc16:
    """A CRC over x^16 + x^12 + x^5 + 1; called with bytes it returns the register.

    `reflected`: bytes enter least significant bit first, and the register is mirrored.
    """

    __slots__ = ("_init", "_reflected", "_xor_out")

    def __init__(self, *, init: int, reflected: bool, xor_out: int) -> None:
        self._init = init
        self._reflected = reflected
        self._xor_out = xor_out

    def __call__(self, data: bytes) -> int:
        if not self._reflected:
            return crc_hqx(data, self._init) ^ self._xor_out
        register = crc_hqx(data.translate(_MIRRORED), _mirror(self._init))
        return _mirror(register) ^ self._xor_out


def _mirror(register: int) -> int:
    return _MIRRORED[register & 0xFF] << 8 | _MIRRORED[register >> 8]


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
