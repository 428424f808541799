"""Data elements of ISO 28560-1 (GB/T 35660.1, WH/T 43) and the meaning of their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from drivers.tagdata import compaction, isil
from drivers.tagdata.bits import bits_of, bytes_of
from drivers.tagdata.compaction import Scheme
from drivers.tagdata.errors import BadTagData

PII = 1
CONTENT_PARAMETER = 2
OWNER = 3
SET_INFORMATION = 4
TYPE_OF_USAGE = 5
ILL_BORROWER = 11
ALTERNATIVE_OWNER = 23

#: Relative OID → short name and English name.
NAMES = {
    1: ("PII", "primary item identifier"),
    2: ("CP", "content parameter"),
    3: ("OI", "owner institution (ISIL)"),
    4: ("SI", "set information"),
    5: ("TU", "type of usage"),
    6: ("SL", "shelf location"),
    7: ("OMF", "ONIX media format"),
    8: ("MMF", "MARC media format"),
    9: ("SID", "supplier identifier"),
    10: ("ON", "order number"),
    11: ("IBI", "ILL borrowing institution (ISIL)"),
    12: ("ITN", "ILL borrowing transaction number"),
    13: ("GPI", "GS1 product identifier"),
    14: ("AUII", "alternative unique item identifier"),
    15: ("LDA", "local data A"),
    16: ("LDB", "local data B"),
    17: ("T", "title"),
    18: ("PIL", "product identifier, local"),
    19: ("MF", "media format, other"),
    20: ("SCS", "supply chain stage"),
    21: ("SIN", "supplier invoice number"),
    22: ("AII", "alternative item identifier"),
    23: ("AOI", "alternative owner institution"),
    24: ("SOI", "subsidiary of an owner institution"),
    25: ("AIBI", "alternative ILL borrowing institution"),
    26: ("LDC", "local data C"),
}
#: An OID is four bits, or 15 plus one byte.
OID_MAX = 15 + 255
#: The first bit of the content parameter stands for this OID.
_FIRST_LISTED = 3
_TWO_HEX_DIGITS = re.compile("[0-9A-Fa-f]{2}")
#: Two numbers of up to four digits; a longer row of digits is no set information.
_SET_DIGITS = re.compile("[0-9]{1,8}")

Value = str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it is stored.

    `pad`: number of 00 bytes behind the data, None when there is no offset byte.
    `text`: what `data` means; a tuple of OIDs for the content parameter.
    """

    oid: int
    compaction: Scheme
    data: bytes
    text: Value
    pad: int | None = None

    @property
    def name(self) -> str:
        """The short name of the standard, or the bare number for an OID without one."""
        return NAMES[self.oid][0] if self.oid in NAMES else str(self.oid)


def meaning(oid: int, scheme: Scheme, data: bytes) -> Value:
    """Return what `data` says. Raises BadTagData when it can't be that."""
    match oid, scheme:
        case (2, Scheme.APPLICATION):
            return _listed_oids(data)
        case (3 | 11, Scheme.APPLICATION):
            return isil.decode(data)
        case (5, Scheme.OCTET) | (_, Scheme.APPLICATION):
            return data.hex().upper()
        case _:
            return compaction.decode(scheme, data)


def make(oid: int, text: str) -> Element:
    """Code a value in the shortest way; type of usage is two hex digits.

    Raises BadTagData for an OID or a text that can't be.
    """
    if not PII <= oid <= OID_MAX or oid == CONTENT_PARAMETER:
        raise BadTagData(f"no text goes into OID {oid}")
    if oid == TYPE_OF_USAGE:
        return _usage(text)
    if oid in (OWNER, ILL_BORROWER) and isil.can_encode(text):
        return Element(oid, Scheme.APPLICATION, isil.encode(text), text)
    scheme = compaction.choose(text)
    return Element(oid, scheme, compaction.encode(scheme, text), text)


def make_content_parameter(oids: Iterable[int]) -> Element:
    """List the elements of a tag; OIDs 1 and 2 are never listed."""
    listed = sorted({oid for oid in oids if oid >= _FIRST_LISTED})
    places = {oid - _FIRST_LISTED for oid in listed}
    length = max(places, default=0) // 8 + 1
    bits = "".join("1" if place in places else "0" for place in range(length * 8))
    data = bytes_of(bits)
    return Element(CONTENT_PARAMETER, Scheme.APPLICATION, data, tuple(listed))


def set_text(parts: int, part: int) -> str:
    """Write "this is `part` of `parts`" in decimal: 0301 is the first of three."""
    if not 1 <= part <= parts:
        raise BadTagData(f"part {part} of {parts} can't be")
    width = max(2, len(str(parts)))
    return f"{parts:0{width}}{part:0{width}}"


def set_members(element: Element) -> tuple[int, int] | None:
    """Read set information as (parts, part); None when it makes no sense.

    The annex writes decimal digits; Chinese software also writes two or four bytes in
    binary. The first reading with 1 ≤ part ≤ parts counts.
    """
    for parts, part in (*_decimal_set(element.text), *_binary_set(element.data)):
        if 1 <= part <= parts:
            return parts, part
    return None


def usage_byte(element: Element) -> int | None:
    """Read type of usage: high nibble main use, low nibble qualifier."""
    text = str(element.text)
    return int(text, 16) if _TWO_HEX_DIGITS.fullmatch(text) else None


def _usage(text: str) -> Element:
    if not _TWO_HEX_DIGITS.fullmatch(text):
        raise BadTagData(f"{text!a} is not two hex digits", oid=TYPE_OF_USAGE)
    return Element(TYPE_OF_USAGE, Scheme.OCTET, bytes.fromhex(text), text.upper())


def _listed_oids(data: bytes) -> tuple[int, ...]:
    bits = enumerate(bits_of(data), start=_FIRST_LISTED)
    return tuple(oid for oid, bit in bits if bit == "1")


def _decimal_set(text: Value) -> list[tuple[int, int]]:
    if not isinstance(text, str) or not _SET_DIGITS.fullmatch(text):
        return []
    # Integer compaction loses a leading zero: 0301 is read as 301.
    digits = text.zfill(len(text) + len(text) % 2)
    half = len(digits) // 2
    return [(int(digits[:half]), int(digits[half:]))]


def _binary_set(data: bytes) -> list[tuple[int, int]]:
    if len(data) not in (2, 4):
        return []
    half = len(data) // 2
    return [(int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big"))]
