"""CULTU, the UHF model of Chinese university libraries (4th edition): the EPC.

    0     bit 7 on loan, bits 6-5 reserved, bits 4-0 sorting
    1     bits 7-6 coding of the item identifier, bits 5-0 version of the model
    2, 3  content index: which elements the user bank holds (`cultu_user`)
    4 ..  item identifier (`cultu_id`)

The toggle of the PC word is 0, so nothing but a clean identifier tells such an EPC from
those that vendors made up. Part of the facts come from single sample tags only.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from drivers.tagdata import cultu_id
from drivers.tagdata.cultu_id import ByteOrder, Coding
from drivers.tagdata.errors import BadTagData

#: Bit of the content index, the lowest first → OID.
INDEXED_OIDS = (3, 4, 5, 6, 11, 12, 14, 15, 16, 24, 26, 27, 28, 29, 30, 31)
ON_LOAN = 0x80
MODEL_VERSION = 4
_HEAD = 4
_SORTING_MAX = 0x1F
_VERSION_MAX = 0x3F


@dataclass(frozen=True, slots=True)
class CultuEpc:
    """What the EPC says. `index`: OIDs that the user bank is said to hold."""

    item: str
    on_loan: bool = False
    reserved: int = 0
    sorting: int = 0
    coding: Coding = Coding.BITS_96
    model_version: int = MODEL_VERSION
    index: tuple[int, ...] = ()
    order: ByteOrder = ByteOrder.LITTLE


def parse(epc: bytes) -> CultuEpc:
    """Read an EPC without its PC word. Raises BadTagData for what is not this model."""
    if len(epc) <= _HEAD:
        raise BadTagData(f"{len(epc)} bytes are too few for an identifier")
    coding = _coding(epc[1] >> 6)
    try:
        item, order = cultu_id.decode_item(epc[_HEAD:], coding)
    except BadTagData as err:
        raise BadTagData(err.what, offset=_HEAD) from err
    return CultuEpc(
        item,
        on_loan=bool(epc[0] & ON_LOAN),
        reserved=epc[0] >> 5 & 0x03,
        sorting=epc[0] & _SORTING_MAX,
        coding=coding,
        model_version=epc[1] & _VERSION_MAX,
        index=listed_oids(int.from_bytes(epc[2:_HEAD], "big")),
        order=order,
    )


def to_bytes(content: CultuEpc) -> bytes:
    """Return the EPC. Raises BadTagData naming the value that does not fit."""
    ranges = (
        ("reserved", content.reserved, 3),
        ("sorting", content.sorting, _SORTING_MAX),
        ("version", content.model_version, _VERSION_MAX),
    )
    for name, value, highest in ranges:
        if not 0 <= value <= highest:
            raise BadTagData(f"{name} {value} is not 0 to {highest}")
    first = content.reserved << 5 | content.sorting
    head = bytes(
        [
            first | ON_LOAN if content.on_loan else first,
            content.coding << 6 | content.model_version,
        ]
    )
    item = cultu_id.encode_item(content.item, content.coding, content.order)
    return head + content_index(content.index).to_bytes(2, "big") + item


def best_coding(item: str) -> Coding:
    """Return the coding with the fewest bytes; RAW for what no shorter one can hold."""
    for coding in (Coding.BITS_96, Coding.BITS_128):
        with contextlib.suppress(BadTagData):
            cultu_id.encode_item(item, coding)
            return coding
    return Coding.RAW


def listed_oids(index: int) -> tuple[int, ...]:
    """Read a content index: 00A1 lists 3, 12 and 15."""
    return tuple(oid for bit, oid in enumerate(INDEXED_OIDS) if index >> bit & 1)


def content_index(oids: tuple[int, ...]) -> int:
    """Reverse `listed_oids`. Raises BadTagData for an OID that the index can't list."""
    if strange := sorted(set(oids) - set(INDEXED_OIDS)):
        raise BadTagData(f"no content index lists OID {strange[0]}")
    return sum(1 << bit for bit, oid in enumerate(INDEXED_OIDS) if oid in oids)


def _coding(value: int) -> Coding:
    try:
        return Coding(value)
    except ValueError as err:
        raise BadTagData(f"reserved coding type {value}", offset=1) from err
