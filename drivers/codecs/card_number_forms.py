"""How the bytes of a card's UID become what a reader types or a library prints."""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.codecs.card_number_wiegand import read_wiegand, write_wiegand

#: Bytes of a UID of ISO 14443: single, double and triple size.
UID_SIZES = (4, 7, 10)
_WG26 = re.compile(r"(\d{3}),?(\d{5})", re.ASCII)
_DECIMAL = re.compile(r"\d{1,10}", re.ASCII)
_HEX = re.compile(r"[0-9A-F]+", re.ASCII | re.IGNORECASE)
#: Digits of one byte in decimal.
_BYTE_DIGITS = (1, 2, 3)


class Form(enum.StrEnum):
    """A way to spell bytes.

    HEX: the whole UID. Of four bytes: DEC10 (ten digits), GLUED (each byte in decimal
    without padding) and WIEGAND34 (a frame with parity, in hex). Of the last three:
    HEX6, DEC8 (eight digits), WG26 (three digits for the first byte, five for the
    others), WG26_COMMA (with a comma between) and WIEGAND26.
    """

    HEX = "hex"
    DEC10 = "dec10"
    GLUED = "glued"
    WIEGAND34 = "wiegand34"
    HEX6 = "hex6"
    DEC8 = "dec8"
    WG26 = "wg26"
    WG26_COMMA = "wg26_comma"
    WIEGAND26 = "wiegand26"


@dataclass(frozen=True, slots=True)
class Spelling:
    """`size`: bytes that it holds, None for any UID. `read` raises ValueError."""

    size: int | None
    read: Callable[[str], bytes]
    write: Callable[[bytes], str]


def _read_uid(text: str) -> bytes:
    uid = _read_hex(text)
    if len(uid) not in UID_SIZES:
        raise ValueError(f"{len(uid)} bytes, a UID has {UID_SIZES}")
    return uid


def _read_hex(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise ValueError("not hex")
    return bytes.fromhex(text)


def _write_hex(number: bytes) -> str:
    return number.hex().upper()


def _hex_of(size: int) -> Spelling:
    def read(text: str) -> bytes:
        number = _read_hex(text)
        if len(number) != size:
            raise ValueError(f"{len(number)} bytes, not {size}")
        return number

    return Spelling(size, read, _write_hex)


def _decimal_of(size: int, digits: int) -> Spelling:
    def read(text: str) -> bytes:
        if not _DECIMAL.fullmatch(text) or int(text) >> 8 * size:
            raise ValueError(f"no decimal number of {size} bytes")
        return int(text).to_bytes(size, "big")

    def write(number: bytes) -> str:
        return str(int.from_bytes(number, "big")).zfill(digits)

    return Spelling(size, read, write)


def _wiegand_of(bits: int) -> Spelling:
    digits = -(-bits // 4)

    def read(text: str) -> bytes:
        if not _HEX.fullmatch(text):
            raise ValueError("not hex")
        return read_wiegand(int(text, 16), bits)

    def write(number: bytes) -> str:
        return f"{write_wiegand(number):0{digits}X}"

    return Spelling((bits - 2) // 8, read, write)


def _read_wg26(text: str) -> bytes:
    parts = _WG26.fullmatch(text)
    if not parts:
        raise ValueError("not three and five digits")
    first, rest = map(int, parts.groups())
    if first > 0xFF or rest > 0xFFFF:
        raise ValueError("over 255 or over 65535")
    return first.to_bytes(1, "big") + rest.to_bytes(2, "big")


def _write_wg26(number: bytes) -> str:
    return f"{number[0]:03}{int.from_bytes(number[1:], 'big'):05}"


def _write_wg26_comma(number: bytes) -> str:
    return f"{_write_wg26(number)[:3]},{_write_wg26(number)[3:]}"


def _read_glued(text: str) -> bytes:
    """Only if there is one way to cut the digits into four bytes."""
    cuts = [
        parts
        for sizes in itertools.product(_BYTE_DIGITS, repeat=4)
        if sum(sizes) == len(text) and all(map(_is_byte, parts := _cut(text, sizes)))
    ]
    if len(cuts) != 1:
        raise ValueError(f"{len(cuts)} ways to cut it into four bytes")
    return bytes(map(int, cuts[0]))


def _cut(text: str, sizes: tuple[int, ...]) -> list[str]:
    ends = list(itertools.accumulate(sizes))
    return [text[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _is_byte(digits: str) -> bool:
    return bool(_DECIMAL.fullmatch(digits)) and digits == str(int(digits) % 256)


def _write_glued(number: bytes) -> str:
    return "".join(map(str, number))


SPELLINGS: Mapping[Form, Spelling] = {
    Form.HEX: Spelling(None, _read_uid, _write_hex),
    Form.DEC10: _decimal_of(4, 10),
    Form.GLUED: Spelling(4, _read_glued, _write_glued),
    Form.WIEGAND34: _wiegand_of(34),
    Form.HEX6: _hex_of(3),
    Form.DEC8: _decimal_of(3, 8),
    Form.WG26: Spelling(3, _read_wg26, _write_wg26),
    Form.WG26_COMMA: Spelling(3, _read_wg26, _write_wg26_comma),
    Form.WIEGAND26: _wiegand_of(26),
}
