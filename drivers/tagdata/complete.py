"""Whether the beginning of a tag's memory says all that there is to know."""

from __future__ import annotations

from drivers.tagdata import cultu_user, epc_bank, iso28560_2, iso28560_3, iso28560_4
from drivers.tagdata.detect import Model, detect
from drivers.tagdata.errors import BadTagData


def is_complete(memory: bytes, *, dsfid: int | None, block_size: int = 4) -> bool:
    """Whether `detect` would tell the same if more of the memory were read.

    Certain for ISO 28560-2 up to its terminator, if the DSFID says that it is one, and
    for a basic block of ISO 28560-3; everything else must be read to its end.
    """
    if len(memory) < iso28560_3.SHORT_BLOCK:
        return False
    content = detect(memory, dsfid=dsfid, block_size=block_size)
    if content.model is Model.ISO28560_2 and dsfid == iso28560_2.DSFID:
        reading = iso28560_2.salvage(memory)
        return reading.problem is None and reading.placed[-1].end < len(memory)
    return content.model is Model.ISO28560_3 and content.problem is None


def is_user_bank_complete(bank: bytes, user: bytes) -> bool:
    """Whether the row of elements in a UHF tag's user bank has ended within `user`.

    `bank`: the tag's EPC bank from the PC word on.
    """
    try:
        toggle = epc_bank.parse(bank).iso_toggle
        end = _iso_end(user) if toggle else _cultu_end(user)
    except BadTagData:
        return False
    return end < len(user)


def _iso_end(user: bytes) -> int:
    """Where the 00 stands that ends the row; the DSFID comes before it."""
    reading = iso28560_4.read_user_bank(user)
    if reading.problem is not None:
        raise reading.problem
    return 1 + (reading.placed[-1].end if reading.placed else 0)


def _cultu_end(user: bytes) -> int:
    elements = cultu_user.parse_user_bank(user)
    return sum(cultu_user.HEAD + len(element.data) for element in elements)
