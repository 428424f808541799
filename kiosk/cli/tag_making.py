"""What `tongjie tag encode` would write on a tag, for each data model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from drivers.tagdata import (
    cultu,
    cultu_user,
    elements,
    iso28560_2,
    iso28560_3,
    iso28560_4,
    layout,
    plain,
    rfid501,
    uhf_security,
)
from drivers.tagdata.cultu import CultuEpc
from drivers.tagdata.epc_bank import Banks
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.tag_content import Model
from kiosk.cli.tag_report import Report

#: German libraries mark ISO 28560-3 like this; others leave 00.
_DANISH_DSFID = 0x3E


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be written beside the item; None where nothing is said.

    `members`: (parts, part). `size`: bytes of the memory, of a UHF tag its user bank.
    """

    owner: str | None
    members: tuple[int, int] | None
    usage: int | None
    afi: int
    size: int | None
    block_size: int


def make_tag(model: Model, wish: Wish, item: str) -> Report:
    """Report a new tag in hex. Raises BadTagData naming what the model can't hold."""
    match model:
        case Model.ISO28560_2:
            return _hf(model, wish, item, _library_memory(item, wish), iso28560_2.DSFID)
        case Model.ISO28560_3:
            return _hf(model, wish, item, _danish_memory(item, wish), _DANISH_DSFID)
        case Model.RFID501:
            return _hf(model, wish, item, _rfid501_memory(item, wish), 0)
        case Model.PLAIN:
            return _hf(model, wish, item, _plain_memory(item, wish), 0)
        case Model.ISO28560_4:
            values = _library_values(item, wish)
            return _uhf(model, wish, item, iso28560_4.make(values, afi=wish.afi))
        case Model.CULTU:
            return _uhf(model, wish, item, _cultu_banks(item, wish))
        case Model.BLANK | Model.UNKNOWN:
            raise BadTagData(f"nothing is written on a tag that is {model}")
        case _:
            assert_never(model)


def _hf(model: Model, wish: Wish, item: str, memory: bytes, dsfid: int) -> Report:
    return {
        "model": model,
        "item": item,
        "owner": wish.owner,
        "dsfid": f"{dsfid:02X}",
        "hex": _filled(memory, wish.size),
    }


def _uhf(model: Model, wish: Wish, item: str, banks: Banks) -> Report:
    return {
        "model": model,
        "item": item,
        "owner": wish.owner,
        "afi": f"{wish.afi:02X}",
        "epc_bank": banks.epc_bank.hex().upper(),
        "user": _filled(banks.user, wish.size),
    }


def _filled(memory: bytes, size: int | None) -> str:
    whole = memory if size is None else layout.image(memory, size)
    return whole.hex().upper()


def _library_values(item: str, wish: Wish) -> dict[int, str]:
    values = {elements.PII: item}
    if wish.owner:
        values[elements.OWNER] = wish.owner
    if wish.members:
        values[elements.SET_INFORMATION] = elements.set_text(*wish.members)
    if wish.usage is not None:
        values[elements.TYPE_OF_USAGE] = f"{wish.usage:02X}"
    return values


def _library_memory(item: str, wish: Wish) -> bytes:
    return layout.compose(_library_values(item, wish), block_size=wish.block_size)


def _danish_memory(item: str, wish: Wish) -> bytes:
    parts, part = wish.members or (1, 1)
    owner = iso28560_3.from_isil(wish.owner or "")
    block = iso28560_3.BasicBlock(
        item, owner, parts=parts, part=part, usage=_main_use(wish.usage)
    )
    return iso28560_3.compose(block)


def _main_use(usage: int | None) -> int:
    """Take the main use of a byte like 10; ISO 28560-3 has no room for a qualifier."""
    if usage is None:
        return 1
    if usage > 0x0F and usage & 0x0F:
        raise BadTagData(f"usage {usage:02X}: ISO 28560-3 has no qualifier")
    return usage >> 4 or usage


def _rfid501_memory(item: str, wish: Wish) -> bytes:
    if wish.owner or wish.usage is not None:
        raise BadTagData("an RFID 501 tag has no place for owner and usage")
    parts, part = wish.members or (1, 1)
    return rfid501.to_bytes(
        rfid501.Record(
            item,
            part=part,
            parts=parts,
            branch=rfid501.NO_BRANCH,
            library=rfid501.NO_LIBRARY,
        )
    )


def _plain_memory(item: str, wish: Wish) -> bytes:
    if wish.owner or wish.members or wish.usage is not None:
        raise BadTagData("a plain tag carries the item and nothing else")
    return plain.encode(item)


def _cultu_banks(item: str, wish: Wish) -> Banks:
    values: dict[int, str] = {}
    if wish.owner:
        values[cultu_user.OWNER] = wish.owner
    if wish.members:
        parts, part = wish.members
        values[cultu_user.SET_INFORMATION] = f"{part}/{parts}"
    if wish.usage is not None:
        values[cultu_user.TYPE_OF_USAGE] = cultu_user.usage_text(wish.usage)
    if wish.afi not in (uhf_security.IN_STOCK, uhf_security.ON_LOAN):
        raise BadTagData(f"AFI {wish.afi:02X}: a CULTU tag knows 07 and C2")
    epc = CultuEpc(
        item,
        on_loan=wish.afi == uhf_security.ON_LOAN,
        coding=cultu.best_coding(item),
    )
    row = [cultu_user.make(oid, text) for oid, text in values.items()]
    return cultu_user.make_banks(epc, row)
