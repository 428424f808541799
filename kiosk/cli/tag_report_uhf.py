"""What `tongjie tag decode` says about a UHF tag."""

from __future__ import annotations

from drivers.tagdata import cultu, cultu_user, epc_bank, iso28560_4, library
from drivers.tagdata.cultu_user import UserElement
from drivers.tagdata.epc_bank import EpcBank
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.tag_content import Model
from drivers.tagdata.uhf_detect import cultu_elements, cultu_owner, detect_uhf
from kiosk.cli.lines import PartlyDecoded
from kiosk.cli.tag_report import Report, library_fields


def auto_report(data: bytes, user: bytes) -> Report:
    """Find out the model and report. Raises BadTagData or PartlyDecoded."""
    bank = epc_bank.find(data)
    if bank is None:
        raise BadTagData(f"{data.hex().upper()}: no PC word announces this length")
    content = detect_uhf(bank.to_bytes(), user)
    match content.model:
        case Model.BLANK:
            return {"model": content.model, "item": None, "owner": None}
        case Model.ISO28560_4:
            return iso_report(data, user)
        case Model.CULTU:
            return cultu_report(data, user)
        case _:
            raise BadTagData(content.problem or "no known data model")


def iso_report(data: bytes, user: bytes) -> Report:
    """Report ISO 28560-4. Raises BadTagData, or PartlyDecoded for a bad user bank."""
    bank = epc_bank.find(data)
    uii = iso28560_4.parse_uii(bank.epc if bank else data)
    reading = iso28560_4.read_user_bank(user)
    report: Report = {
        "model": Model.ISO28560_4,
        **library_fields(reading),
        "item": uii.item,
        "owner": uii.owner or library.owner(reading) or None,
        "uii": uii.text,
        **_pc_fields(bank),
    }
    if bank and not bank.iso_toggle:
        raise PartlyDecoded("the toggle of the PC word says that it is no UII", report)
    if reading.problem:
        raise PartlyDecoded(f"user bank: {reading.problem}", report)
    return report


def cultu_report(data: bytes, user: bytes) -> Report:
    """Report CULTU. Raises BadTagData, or PartlyDecoded for a bad user bank."""
    bank = epc_bank.find(data)
    content = cultu.parse(bank.epc if bank else data)
    report: Report = {
        "model": Model.CULTU,
        "item": content.item,
        "id": content.item,
        "lent": content.on_loan,
        "security": content.on_loan,
        "reserved": content.reserved,
        "sorting": content.sorting,
        "coding": int(content.coding),
        "model_version": content.model_version,
        "index": content.index,
        "order": content.order,
        **_pc_fields(bank),
    }
    if bank and bank.iso_toggle:
        raise PartlyDecoded("the toggle of the PC word says that it is a UII", report)
    try:
        found = cultu_elements(bank or EpcBank(0, data), user)
    except BadTagData as err:
        raise PartlyDecoded(str(err), report) from err
    return {**report, **_cultu_fields(found)}


def _cultu_fields(found: tuple[UserElement, ...]) -> Report:
    by_oid = {element.oid: element for element in reversed(found)}
    usage = by_oid.get(cultu_user.TYPE_OF_USAGE)
    members = by_oid.get(cultu_user.SET_INFORMATION)
    parts, part = (cultu_user.set_members(members) if members else None) or (None, None)
    byte = cultu_user.usage_byte(usage) if usage else None
    return {
        "owner": cultu_owner(found) or None,
        "usage": None if byte is None else f"{byte:02X}",
        "parts": parts,
        "part": part,
        "user": [[element.oid, element.data.hex().upper()] for element in found],
        "elements": [
            {"oid": one.oid, "data": one.data.hex().upper(), "text": one.text}
            for one in found
        ],
    }


def _pc_fields(bank: EpcBank | None) -> Report:
    if bank is None:
        return {}
    return {
        "pc": f"{bank.pc:04X}",
        "length_words": bank.length_words,
        "umi": bank.has_user_memory,
        "xpc": bank.has_xpc,
        "iso_toggle": bank.iso_toggle,
        "afi": None if bank.afi is None else f"{bank.afi:02X}",
    }
