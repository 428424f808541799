"""The EPC bank of a UHF tag (ISO 18000-63) from the PC word on: PC, then the EPC.

    PC  bits 15-11 words of the EPC, 10 user memory in use, 9 XPC, 8 toggle: ISO if 1
        bits 7-0 AFI where the toggle is 1, nothing that libraries use where it is 0

The tag itself computes word 0 of the bank, a CRC, so nobody ever writes that word.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.codecs.crc import GENIBUS
from drivers.tagdata.errors import BadTagData

#: Addresses within the bank, in words.
PC_WORD = 1
FIRST_EPC_WORD = 2
WORD = 2
EPC_WORDS_MAX = 31
_LENGTH_SHIFT = 11
_UMI = 0x0400
_XPC = 0x0200
_TOGGLE = 0x0100
#: Chip makers' EPCs begin as their tag identifiers do; GS1's sample is an SGTIN-96.
_FACTORY_HEADERS = (0xE2, 0x30)


@dataclass(frozen=True, slots=True)
class EpcBank:
    """`pc` is the whole word; `epc` has as many bytes as `pc` announces, or fewer."""

    pc: int
    epc: bytes

    @property
    def length_words(self) -> int:
        return self.pc >> _LENGTH_SHIFT

    @property
    def has_user_memory(self) -> bool:
        return bool(self.pc & _UMI)

    @property
    def has_xpc(self) -> bool:
        return bool(self.pc & _XPC)

    @property
    def iso_toggle(self) -> bool:
        """Whether the EPC is an ISO UII, and the low byte of the PC word an AFI."""
        return bool(self.pc & _TOGGLE)

    @property
    def afi(self) -> int | None:
        return self.pc & 0xFF if self.iso_toggle else None

    def to_bytes(self) -> bytes:
        return self.pc.to_bytes(WORD, "big") + self.epc


@dataclass(frozen=True, slots=True)
class Banks:
    """What shall stand on a tag: EPC bank from the PC word on, and the user bank."""

    epc_bank: bytes
    user: bytes


def parse(epc_bank: bytes) -> EpcBank:
    """Read a bank without its CRC word; words behind the announced EPC are left out.

    Raises BadTagData when there is no PC word.
    """
    if len(epc_bank) < WORD:
        raise BadTagData(f"{epc_bank.hex().upper() or 'nothing'} holds no PC word")
    pc = int.from_bytes(epc_bank[:WORD], "big")
    length = (pc >> _LENGTH_SHIFT) * WORD
    return EpcBank(pc, epc_bank[WORD : WORD + length])


def find(dump: bytes) -> EpcBank | None:
    """Read a bank as people pass it on, with or without the CRC word in front of it.

    A right CRC tells, and words behind the EPC are left out; else the length does that
    a PC word announces. None for an EPC without its PC word.
    """
    upright, behind_crc = _parse_from(dump, 0), _parse_from(dump, WORD)
    if behind_crc and _crc(behind_crc) == dump[:WORD]:
        return behind_crc
    for bank, size in ((upright, len(dump)), (behind_crc, len(dump) - WORD)):
        if bank and (1 + bank.length_words) * WORD == size:
            return bank
    return None


def _crc(bank: EpcBank) -> bytes:
    return GENIBUS(bank.to_bytes()).to_bytes(WORD, "big")


def _parse_from(dump: bytes, start: int) -> EpcBank | None:
    return parse(dump[start:]) if len(dump) >= start + WORD else None


def make(epc: bytes, *, has_user_memory: bool, afi: int | None = None) -> EpcBank:
    """Put a PC word in front of `epc`, an ISO one if there is an AFI.

    Raises BadTagData for half a word, more words than a PC word can announce, or an AFI
    that is not one byte.
    """
    if afi is not None and not 0 <= afi <= 0xFF:
        raise BadTagData(f"AFI {afi} is not one byte")
    words, half = divmod(len(epc), WORD)
    if half or words > EPC_WORDS_MAX:
        raise BadTagData(
            f"an EPC of {len(epc)} bytes is not whole words, "
            f"{EPC_WORDS_MAX} words at most"
        )
    pc = words << _LENGTH_SHIFT | (_UMI if has_user_memory else 0)
    if afi is not None:
        pc |= _TOGGLE | afi
    return EpcBank(pc, epc)


def is_factory(bank: EpcBank) -> bool:
    """Whether no library has written the tag yet: a maker's EPC, zeros or nothing."""
    if bank.iso_toggle:
        return False
    return not any(bank.epc) or bank.epc[0] in _FACTORY_HEADERS
