"""Where a UHF tag keeps whether it is on loan, told as an AFI: 07 in stock, C2 on loan.

ISO 28560-4 tags have an AFI, in the PC word. CULTU tags have one bit, in the first word
of the EPC, which therefore changes with every loan. Other tags have neither.
"""

from __future__ import annotations

from drivers.tagdata import cultu, epc_bank
from drivers.tagdata.epc_bank import FIRST_EPC_WORD, PC_WORD, WORD, EpcBank
from drivers.tagdata.errors import BadTagData

IN_STOCK = 0x07
ON_LOAN = 0xC2
#: The makers' headers E2 and 30 without what would be the bit "on loan".
_FOREIGN_HEADERS = (0x62, 0x30)


def read_afi(bank: bytes) -> int | None:
    """Return the AFI that `bank`, an EPC bank from the PC word on, stands for.

    ISO 28560-4: the AFI in the PC word, whichever it is. CULTU: 07 or C2. None for a
    tag that has no place for it. Never raises.
    """
    try:
        content = epc_bank.parse(bank)
    except BadTagData:
        return None
    if content.iso_toggle:
        return content.afi
    if not _has_security_bit(content):
        return None
    return ON_LOAN if content.epc[0] & cultu.ON_LOAN else IN_STOCK


def secured_word(bank: bytes, afi: int) -> tuple[int, bytes]:
    """Return which one word makes the tag say `afi`: its address in the bank, its bytes.

    The address counts the CRC as word 0, as readers do. All other bits of the word stay
    as they are in `bank`. Raises BadTagData when the tag has no place for this AFI.
    """
    content = epc_bank.parse(bank)
    if not 0 <= afi <= 0xFF:
        raise BadTagData(f"AFI {afi} is not one byte")
    if content.iso_toggle:
        return PC_WORD, bytes([content.pc >> 8, afi])
    if not _has_security_bit(content):
        raise BadTagData(f"EPC {content.epc.hex().upper()} has no place for an AFI")
    if afi not in (IN_STOCK, ON_LOAN):
        raise BadTagData(
            f"AFI {afi:02X}: this tag knows {IN_STOCK:02X} and {ON_LOAN:02X}"
        )
    first = content.epc[0] & ~cultu.ON_LOAN
    if afi == ON_LOAN:
        first |= cultu.ON_LOAN
    return FIRST_EPC_WORD, bytes([first, *content.epc[1:WORD]])


def stable_epc(bank: bytes) -> bytes:
    """Return the EPC as it is while the item is in stock, so that it names the tag.

    Raises BadTagData when there is not even a PC word.
    """
    content = epc_bank.parse(bank)
    if content.iso_toggle or not _has_security_bit(content):
        return content.epc
    return bytes([content.epc[0] & ~cultu.ON_LOAN]) + content.epc[1:]


def _has_security_bit(content: EpcBank) -> bool:
    """Whether this is a CULTU EPC, in both states of its bit or in none."""
    if not content.epc or content.epc[0] & ~cultu.ON_LOAN in _FOREIGN_HEADERS:
        return False
    try:
        cultu.parse(content.epc)
    except BadTagData:
        return False
    return True
