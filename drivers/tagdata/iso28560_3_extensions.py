"""Extension blocks of ISO 28560-3: `LEN ID(2, low first) XOR payload`, up to a 00.

LEN counts the whole block, and XOR makes the exclusive or over it 0. Some writers put
XOR last: a block is read like that when it is no text the other way. (A check byte that
happens to be a letter leaves both ways open; then it stands first.) Strings are
separated by 00; empty ones at the end are left out.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.tagdata.errors import BadTagData

LIBRARY = 1
#: Block → names of its strings, in order. A library block has a byte before them.
_STRINGS = {
    LIBRARY: ("alt_item", "owner"),
    2: ("supplier", "product_id", "order", "invoice", "gs1", "supply_stage"),
    3: ("shelf", "marc_format", "onix_format", "subsidiary"),
    4: ("title",),
    5: ("ill_library", "ill_transaction", "ill_alternative"),
}
#: 0 undefined 1 book 2 CD or DVD 3 tape 4 other 5 other, careful 6 very small.
_MEDIA_FORMAT = "media_format"
_MEDIA_FORMAT_MAX = 6
#: A block of an id that we don't know: its payload in hex.
_PAYLOAD = "payload"
_OVERHEAD = 4
_KIND_MAX = 0xFFFF
#: Readers that take LEN for a signed byte end here.
_LENGTH_MAX = 127

Field = str | int | None


@dataclass(frozen=True, slots=True)
class Extension:
    """One block. `fields` holds what is written; None stands for an empty string.

    `xor` is the check byte, `length` the whole block's.
    """

    id: int
    fields: Mapping[str, Field]
    xor: int
    length: int


def parse_extensions(memory: bytes, start: int) -> tuple[Extension, ...]:
    """Read blocks from byte `start` to a 00 or the end. Raises BadTagData."""
    found = []
    at = start
    while at < len(memory) and memory[at]:
        block = memory[at : at + memory[at]]
        found.append(_parse_block(block, memory[at], at))
        at += memory[at]
    return tuple(found)


def encode_extension(
    kind: int, fields: Mapping[str, Field], *, xor_last: bool = False
) -> bytes:
    """Return one block, the check byte in front of the payload or at the end.

    A block of unknown kind takes its `payload` in hex. Raises BadTagData for a field
    that the block does not have or that can't be, and for a check byte at the end that
    a reader would take for text.
    """
    if not 0 <= kind <= _KIND_MAX:
        raise BadTagData(f"extension {kind} is not 0 to {_KIND_MAX}")
    payload = _payload(kind, fields)
    length = _OVERHEAD + len(payload)
    if length > _LENGTH_MAX:
        raise BadTagData(
            f"extension {kind} of {length} bytes, {_LENGTH_MAX} is the most"
        )
    head = bytes([length]) + kind.to_bytes(2, "little")
    check = bytes([_xor(head + payload)])
    if not xor_last:
        return head + check + payload
    block = head + payload + check
    if _parse_block(block, length, 0).fields != _fields(kind, payload):
        raise BadTagData(f"check byte {check.hex().upper()} at the end reads as text")
    return block


def _parse_block(block: bytes, length: int, at: int) -> Extension:
    if length < _OVERHEAD:
        raise BadTagData(f"an extension of {length} bytes is too short", offset=at)
    if len(block) < length:
        raise BadTagData(
            f"extension of {length} bytes, but the memory ends after {len(block)}",
            offset=at,
        )
    if rest := _xor(block):
        raise BadTagData(f"XOR over the extension is {rest:02X}, not 00", offset=at)
    kind = int.from_bytes(block[1:3], "little")
    # The exclusive or can't tell where its byte stands; a payload of text can.
    for xor, payload in ((block[3], block[4:]), (block[-1], block[3:-1])):
        fields = _fields(kind, payload)
        if fields is not None:
            return Extension(kind, fields, xor, length)
    raise BadTagData(f"{block.hex().upper()} is no text", offset=at)


def _fields(kind: int, payload: bytes) -> dict[str, Field] | None:
    """Return what the payload says, or None when it does not look like this block."""
    if kind not in _STRINGS:
        return {_PAYLOAD: payload.hex().upper()}
    fields: dict[str, Field] = {}
    if kind == LIBRARY and payload:
        if payload[0] > _MEDIA_FORMAT_MAX:
            return None
        fields[_MEDIA_FORMAT] = payload[0]
        payload = payload[1:]
    strings = _strings(payload)
    names = _STRINGS[kind]
    if strings is None or len(strings) > len(names):
        return None
    return fields | {
        name: text or None for name, text in zip(names, strings, strict=False)
    }


def _strings(payload: bytes) -> list[str] | None:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    strings = text.rstrip("\0").split("\0") if text.rstrip("\0") else []
    return strings if all(string.isprintable() for string in strings) else None


def _payload(kind: int, fields: Mapping[str, Field]) -> bytes:
    if kind not in _STRINGS:
        return _raw_payload(kind, fields)
    names = _STRINGS[kind]
    known = {*names, _MEDIA_FORMAT} if kind == LIBRARY else set(names)
    if strange := sorted(fields.keys() - known):
        raise BadTagData(f"extension {kind} has no field {', '.join(strange)}")
    strings = "\0".join(_string(fields.get(name)) for name in names).rstrip("\0")
    return _media_format(kind, fields) + strings.encode()


def _raw_payload(kind: int, fields: Mapping[str, Field]) -> bytes:
    value = fields.get(_PAYLOAD)
    if fields.keys() != {_PAYLOAD} or not isinstance(value, str):
        raise BadTagData(f"extension {kind} is not known, it takes just a {_PAYLOAD}")
    if not re.fullmatch("([0-9A-Fa-f]{2})*", value):
        raise BadTagData(f"extension {kind}: {value!a} is not hex")
    return bytes.fromhex(value)


def _string(value: Field) -> str:
    text = "" if value is None else str(value)
    if not text.isprintable():
        raise BadTagData(f"{text!a} is not printable")
    return text


def _media_format(kind: int, fields: Mapping[str, Field]) -> bytes:
    if kind != LIBRARY:
        return b""
    value = fields.get(_MEDIA_FORMAT) or 0
    if not isinstance(value, int) or not 0 <= value <= _MEDIA_FORMAT_MAX:
        raise BadTagData(f"media format {value!a} is not 0 to {_MEDIA_FORMAT_MAX}")
    return bytes([value])


def _xor(data: bytes) -> int:
    return functools.reduce(operator.xor, data, 0)
