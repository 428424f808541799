"""The user bank of CULTU tags: elements in a row.

    16 bits  OID (6), length of the data in bytes (10)
    data     by OID: a university's code, a place in a set, a use, or UTF-8 text

OID 0 ends the row. The meaning of the uses comes from a public implementation and is
not confirmed on real tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drivers.tagdata import cultu, epc_bank
from drivers.tagdata.cultu import INDEXED_OIDS, CultuEpc
from drivers.tagdata.epc_bank import Banks
from drivers.tagdata.errors import BadTagData

OWNER = 3
SET_INFORMATION = 4
TYPE_OF_USAGE = 5
ILL_BORROWER = 11
#: OID 27 is reserved; some vendors keep another owner's code there.
ALTERNATIVE_OWNER = 27
HEAD = 2
_LENGTH_MAX = 0x3FF
#: Codes of military universities begin with 9; 16 bits hold them with a 6.
_MILITARY_FROM, _MILITARY_SHIFT = 60_000, 30_000
#: Category and state → type of usage of ISO 28560-2.
_BOOK, _DISC, _CARD, _EQUIPMENT = 0, 1, 3, 4
_USAGES = {
    (_BOOK, 0): 0x10,
    (_BOOK, 1): 0x20,
    (_BOOK, 2): 0x70,
    (_DISC, 0): 0x10,
    (_DISC, 1): 0x20,
}
_USAGES_OF_CATEGORY = {_CARD: 0x80, _EQUIPMENT: 0x90}


@dataclass(frozen=True, slots=True)
class UserElement:
    """One element. `text`: what `data` says, None where it does not fit its OID."""

    oid: int
    data: bytes
    text: str | None


def parse_user_bank(memory: bytes) -> tuple[UserElement, ...]:
    """Read all elements. Raises BadTagData for what is no row of CULTU elements.

    A bank of zeros is an empty row; anything else must begin with an element.
    """
    found: list[UserElement] = []
    at = 0
    while at < len(memory) and memory[at] >> 2:
        head = memory[at : at + HEAD]
        if len(head) < HEAD:
            raise BadTagData("the memory ends within an element's head", offset=at)
        oid, length = head[0] >> 2, int.from_bytes(head, "big") & _LENGTH_MAX
        data = memory[at + HEAD : at + HEAD + length]
        if oid not in INDEXED_OIDS:
            raise BadTagData("is no element of this model", offset=at, oid=oid)
        if len(data) < length:
            raise BadTagData(
                f"data of {length} bytes, but the memory ends after {len(data)}",
                offset=at,
                oid=oid,
            )
        found.append(UserElement(oid, data, _text(oid, data)))
        at += HEAD + length
    if not found and any(memory):
        raise BadTagData("does not begin with an element", offset=0)
    return tuple(found)


def make_banks(epc: CultuEpc, elements: Sequence[UserElement] = ()) -> Banks:
    """Put a tag together; its content index lists `elements`. Raises BadTagData."""
    listed = tuple(sorted({element.oid for element in elements}))
    payload = cultu.to_bytes(replace(epc, index=listed))
    bank = epc_bank.make(payload, has_user_memory=bool(elements))
    return Banks(bank.to_bytes(), user_bank(elements) if elements else b"")


def user_bank(elements: Iterable[UserElement]) -> bytes:
    """Return the bank in whole words, a 00 word at its end."""
    row = b"".join(
        (element.oid << 10 | len(element.data)).to_bytes(HEAD, "big") + element.data
        for element in elements
    )
    return row + bytes(2 + len(row) % 2)


def make(oid: int, text: str) -> UserElement:
    """Code one value, written as `parse_user_bank` reads it.

    OIDs 3 and 11: five digits. 4: "1/3", the first of three parts. 5: "0" or "0.1",
    category and state. Others: text. Raises BadTagData for what can't be.
    """
    if oid not in INDEXED_OIDS:
        raise BadTagData("is no element of this model", oid=oid)
    match oid:
        case 3 | 11:
            data = _university(oid, text)
        case 4:
            data = _set_data(text)
        case 5:
            data = b"".join(_number(oid, word, 1) for word in _usage_words(text))
        case _:
            data = _utf8(oid, text)
    if len(data) > _LENGTH_MAX:
        raise BadTagData(f"{len(data)} bytes, {_LENGTH_MAX} is the most", oid=oid)
    return UserElement(oid, data, _text(oid, data))


def set_members(element: UserElement) -> tuple[int, int] | None:
    """Read set information as (parts, part); None when it makes no sense."""
    if len(element.data) != 4:
        return None
    parts, part = (int.from_bytes(element.data[at : at + 2], "big") for at in (0, 2))
    return (parts, part) if 1 <= part <= parts else None


def usage_byte(element: UserElement) -> int | None:
    """Tell category and state as ISO 28560-2 does; None for what it has no word for."""
    if len(element.data) != 2:
        return None
    category, state = element.data
    return _USAGES.get((category, state), _USAGES_OF_CATEGORY.get(category))


def usage_text(usage: int) -> str:
    """Reverse `usage_byte`, a document before a disc. Raises BadTagData."""
    for (category, state), known in _USAGES.items():
        if known == usage:
            return f"{category}.{state}" if state else f"{category}"
    for category, known in _USAGES_OF_CATEGORY.items():
        if known == usage:
            return f"{category}"
    raise BadTagData(f"no category stands for usage {usage:02X}", oid=TYPE_OF_USAGE)


def _text(oid: int, data: bytes) -> str | None:
    if not data:
        return ""
    match oid, len(data):
        case (3 | 11, 2):
            return _university_code(int.from_bytes(data, "big"))
        case (4, 4):
            parts, part = (int.from_bytes(data[at : at + 2], "big") for at in (0, 2))
            return f"{part}/{parts}"
        case (5, 2):
            return f"{data[0]}.{data[1]}" if data[1] else f"{data[0]}"
        case (3 | 4 | 5 | 11, _):
            return None
        case _:
            return _printable(data)


def _printable(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _university_code(number: int) -> str:
    code = number + _MILITARY_SHIFT if number >= _MILITARY_FROM else number
    return f"{code:05}"


def _university(oid: int, text: str) -> bytes:
    if not re.fullmatch("[0-9]{5}", text):
        raise BadTagData(f"{text!a} is not five digits", oid=oid)
    number = int(text)
    if number >= _MILITARY_FROM + _MILITARY_SHIFT:
        number -= _MILITARY_SHIFT
    if number > 0xFFFF or _university_code(number) != text:
        raise BadTagData(f"{text} has no place among the codes", oid=oid)
    return number.to_bytes(2, "big")


def _set_data(text: str) -> bytes:
    part, _, parts = text.partition("/")
    data = b"".join(_number(SET_INFORMATION, word, 2) for word in (parts, part))
    if set_members(UserElement(SET_INFORMATION, data, text)) is None:
        raise BadTagData(f"part {text} can't be", oid=SET_INFORMATION)
    return data


def _usage_words(text: str) -> tuple[str, str]:
    category, dot, state = text.partition(".")
    return category, state if dot else "0"


def _number(oid: int, digits: str, size: int) -> bytes:
    highest = 256**size - 1
    if not re.fullmatch("[0-9]{1,5}", digits) or int(digits) > highest:
        raise BadTagData(f"{digits!a} is not 0 to {highest}", oid=oid)
    return int(digits).to_bytes(size, "big")


def _utf8(oid: int, text: str) -> bytes:
    if not text.isprintable():
        raise BadTagData(f"{text!a} is not printable", oid=oid)
    return text.encode()
