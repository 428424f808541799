"""What a UHF tag of unknown making says."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.tagdata import cultu, cultu_user, epc_bank, iso28560_4, library
from drivers.tagdata.cultu_user import UserElement
from drivers.tagdata.epc_bank import EpcBank
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.tag_content import Model, TagContent


def detect_uhf(bank: bytes, user: bytes = b"") -> TagContent:
    """Read an EPC bank from the PC word on, and the user bank if it was read.

    Never raises. The toggle of the PC word tells ISO 28560-4 from the rest; of that, a
    maker's EPC is blank, and CULTU is what has a clean item and a clean user bank.
    """
    try:
        content = epc_bank.parse(bank)
        if content.iso_toggle:
            return _iso_content(content, user)
        if epc_bank.is_factory(content):
            return TagContent(Model.BLANK)
        return _cultu_content(content, user)
    except BadTagData as err:
        return TagContent(Model.UNKNOWN, problem=str(err))


def cultu_elements(bank: EpcBank, user: bytes) -> tuple[UserElement, ...]:
    """Read the user bank of what may be a CULTU tag. Raises BadTagData if it is none.

    Vendors whose EPC looks alike betray themselves here, even where the PC word does
    not announce user memory. A bank that was not read is no evidence.
    """
    try:
        return cultu_user.parse_user_bank(user)
    except BadTagData as err:
        where = "user bank" if bank.has_user_memory else "unannounced user bank"
        raise BadTagData(f"{where}, {err}", oid=err.oid) from err


def _iso_content(bank: EpcBank, user: bytes) -> TagContent:
    uii = iso28560_4.parse_uii(bank.epc)
    used = user if bank.has_user_memory else b""
    reading = iso28560_4.read_user_bank(used)
    parts, part = library.members(reading)
    return TagContent(
        Model.ISO28560_4,
        item=uii.item,
        owner=uii.owner or library.owner(reading),
        usage=library.usage(reading),
        part=part,
        parts=parts,
        problem=f"user bank: {reading.problem}" if reading.problem else None,
    )


def _cultu_content(bank: EpcBank, user: bytes) -> TagContent:
    epc = cultu.parse(bank.epc)
    found = cultu_elements(bank, user)
    usage = _first(found, cultu_user.TYPE_OF_USAGE)
    members_element = _first(found, cultu_user.SET_INFORMATION)
    parts, part = (
        cultu_user.set_members(members_element) if members_element else None
    ) or (1, 1)
    return TagContent(
        Model.CULTU,
        item=epc.item.strip(),
        owner=cultu_owner(found),
        usage=cultu_user.usage_byte(usage) if usage else None,
        part=part,
        parts=parts,
    )


def cultu_owner(found: Sequence[UserElement]) -> str:
    """Return the university's code, else what vendors keep in its place."""
    for oid in (cultu_user.OWNER, cultu_user.ALTERNATIVE_OWNER):
        if (element := _first(found, oid)) and element.text:
            return element.text
    return ""


def _first(found: Sequence[UserElement], oid: int) -> UserElement | None:
    return next((element for element in found if element.oid == oid), None)
