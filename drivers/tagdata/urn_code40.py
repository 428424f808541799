"""URN Code 40 (ISO/IEC 15962), which packs three characters into two bytes.

    A-Z 1-26, "-" 27, "." 28, ":" 29, digits 30-39, nothing 0; 1600 a + 40 b + c + 1
    FB  nine or more digits: (digits - 9) << 4 | (bytes - 4), then the number
    FC  one ASCII character;  FD, FE  one UTF-8 character of two or three bytes

No triple makes a first byte above FA. Filling a UII up to a whole word takes 00.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from drivers.tagdata.errors import BadTagData

_FILLER = "\0"
_TRIPLED = f"{string.ascii_uppercase}-.:{string.digits}"
_CHARACTERS = _FILLER + _TRIPLED
_NUMBER, _ASCII, _UTF8_TWO, _UTF8_THREE = 0xFB, 0xFC, 0xFD, 0xFE
_UTF8_SIZES = {_UTF8_TWO: 2, _UTF8_THREE: 3}
_ESCAPES = {size: escape for escape, size in _UTF8_SIZES.items()}
_DIGITS_MIN = 9
_BYTES_MIN = 4
_NIBBLE_MAX = 15
_HIGHEST_TRIPLE = 0xFA00
#: A row of digits for FB, other text; a row beyond 24 digits is taken in pieces.
_RUNS = re.compile(f"[0-9]{{{_DIGITS_MIN},{_DIGITS_MIN + _NIBBLE_MAX}}}|.", re.DOTALL)


def encode(text: str) -> bytes:
    """Pack `text`, rows of nine and more digits as numbers.

    Raises BadTagData for what is not printable or takes four bytes in UTF-8.
    """
    packed, waiting = b"", ""
    for run in _RUNS.findall(text):
        if len(run) == 1 and run in _TRIPLED:
            waiting += run
            continue
        packed += _triples(waiting) + _escape(run)
        waiting = ""
    return packed + _triples(waiting)


def decode(data: bytes) -> str:
    """Unpack up to the 00 filling. Raises BadTagData naming the byte."""
    return "".join(_pieces(data))


def _pieces(data: bytes) -> Iterator[str]:
    at = 0
    while any(data[at:]):
        first = data[at]
        if first == _NUMBER:
            text, size = _number(data, at)
        elif first >= _ASCII:
            text, size = _character(data, at)
        else:
            text, size = _triple(data, at), 2
        yield text
        at += size


def _triple(data: bytes, at: int) -> str:
    pair = data[at : at + 2]
    value = int.from_bytes(pair, "big") - 1
    if len(pair) < 2 or not 0 <= value < _HIGHEST_TRIPLE:
        raise BadTagData(f"{pair.hex().upper()} is no URN Code 40", offset=at)
    codes = (value // 1600, value // 40 % 40, value % 40)
    text = "".join(_CHARACTERS[code] for code in codes).rstrip(_FILLER)
    if not text or _FILLER in text:
        raise BadTagData(f"{pair.hex().upper()} has a gap", offset=at)
    return text


def _number(data: bytes, at: int) -> tuple[str, int]:
    nibbles = data[at + 1 : at + 2] or b"\0"
    digits = _DIGITS_MIN + (nibbles[0] >> 4)
    size = _BYTES_MIN + (nibbles[0] & 0x0F)
    raw = data[at + 2 : at + 2 + size]
    text = f"{int.from_bytes(raw, 'big'):0{digits}}"
    if len(raw) < size or len(text) > digits:
        shown = data[at : at + 2 + size].hex().upper()
        raise BadTagData(f"{shown} is no number of {digits} digits", offset=at)
    return text, 2 + size


def _character(data: bytes, at: int) -> tuple[str, int]:
    size = _UTF8_SIZES.get(data[at], 1)
    raw = data[at + 1 : at + 1 + size]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = ""
    is_known = data[at] == _ASCII or data[at] in _UTF8_SIZES
    if not is_known or len(raw) < size or len(text) != 1 or not text.isprintable():
        shown = data[at : at + 1 + size].hex().upper()
        raise BadTagData(f"{shown} is no escaped character", offset=at)
    return text, 1 + size


def _triples(text: str) -> bytes:
    parts = (text[at : at + 3].ljust(3, _FILLER) for at in range(0, len(text), 3))
    return b"".join(_pair(part) for part in parts)


def _pair(part: str) -> bytes:
    first, second, third = map(_CHARACTERS.index, part)
    return (1600 * first + 40 * second + third + 1).to_bytes(2, "big")


def _escape(run: str) -> bytes:
    if len(run) > 1:
        return _escaped_number(run)
    if not run.isprintable():
        raise BadTagData(f"{run!a} has no URN Code 40")
    raw = run.encode()
    if len(raw) == 1:
        return bytes([_ASCII]) + raw
    if len(raw) not in _ESCAPES:
        raise BadTagData(f"{run!a} has no URN Code 40")
    return bytes([_ESCAPES[len(raw)]]) + raw


def _escaped_number(digits: str) -> bytes:
    value = int(digits)
    size = max(_BYTES_MIN, (value.bit_length() + 7) // 8)
    nibbles = (len(digits) - _DIGITS_MIN) << 4 | (size - _BYTES_MIN)
    return bytes([_NUMBER, nibbles]) + value.to_bytes(size, "big")
