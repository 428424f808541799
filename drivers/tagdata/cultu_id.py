"""Item identifiers in a CULTU EPC: characters packed into 8 or 12 bytes, or as they are.

Short ones are a byte with their length and then the characters. Long ones of 8 bytes
are one number (most significant bits first):

    30 bits characters 5 to last but one, as a decimal number
     4 bits character 4, a digit; 3 x 6 bits characters 1 to 3, "0" to "Z"
     8 bits last character, 7-bit ASCII; 4 bits length

Long ones of 12 bytes are three words of 5, 5 and length - 11 six-bit characters, the
last word with last character and length behind them. Real tags hold the number low
byte first; some writers reverse it.
"""

from __future__ import annotations

import enum
import string
from collections.abc import Callable

from drivers.tagdata.errors import BadTagData

ITEM_MAX = 14
_FIRST_CODE = 0x30
_CODES = 43  # "0" to "Z"
_CODE_BITS = 6
_WORD_BITS = 32
_WORD_CHARACTERS = 5
_LENGTH = 0x0F


class Coding(enum.IntEnum):
    """Bits 7-6 of the second byte of the EPC; 3 is reserved."""

    BITS_96 = 0
    BITS_128 = 1
    RAW = 2


class ByteOrder(enum.StrEnum):
    """How the number stands in memory; LITTLE on all tags seen in libraries."""

    LITTLE = "le"
    BIG = "be"


#: Bytes of the identifier; RAW has as many or more.
SIZES = {Coding.BITS_96: 8, Coding.BITS_128: 12, Coding.RAW: 14}


def decode_item(
    data: bytes, coding: Coding, order: ByteOrder | None = None
) -> tuple[str, ByteOrder]:
    """Read an identifier; with no order given the one that makes sense, LITTLE first.

    Raises BadTagData for anything that no writer makes: it is not this model then.
    """
    if coding is Coding.RAW:
        return _printable(data.rstrip(b"\0")), ByteOrder.LITTLE
    size = SIZES[coding]
    if any(data[size:]):
        raise BadTagData(f"{data.hex().upper()} goes on behind its {size} bytes")
    tried = [order] if order else list(ByteOrder)
    problems = []
    for candidate in tried:
        field = _turned(data[:size].ljust(size, b"\0"), candidate)
        try:
            return _READERS[coding](field), candidate
        except BadTagData as err:
            problems.append(f"{candidate}: {err}")
    raise BadTagData(f"{data.hex().upper()} is no item ({'; '.join(problems)})")


def encode_item(
    item: str, coding: Coding, order: ByteOrder = ByteOrder.LITTLE
) -> bytes:
    """Write an identifier. Raises BadTagData when the coding can't hold it."""
    raw = item.encode("ascii", errors="replace")
    if _printable(raw) != item:
        raise BadTagData(f"{item!a} is not printable ASCII")
    if len(raw) > ITEM_MAX:
        raise BadTagData(f"{item!a} has {len(raw)} characters, {ITEM_MAX} is the most")
    size = SIZES[coding]
    if coding is Coding.RAW:
        return raw.ljust(size, b"\0")
    if len(raw) < size:
        return _turned((bytes([len(raw)]) + raw).ljust(size, b"\0")[::-1], order)
    return _turned(_WRITERS[coding](item).to_bytes(size, "big"), order)


def _turned(field: bytes, order: ByteOrder) -> bytes:
    """Between memory and most significant byte first."""
    return field if order is ByteOrder.BIG else field[::-1]


def _read_96(field: bytes) -> str:
    if field[-1] < SIZES[Coding.BITS_96]:
        return _read_short(field)
    value = int.from_bytes(field, "big")
    length = value & _LENGTH
    head = "".join(_character(value >> shift) for shift in (24, 18, 12))
    digits = length - 5
    middle = value >> 34
    if not SIZES[Coding.BITS_96] <= length <= ITEM_MAX:
        raise BadTagData(f"length {length}")
    if (fourth := value >> 30 & 0x0F) > 9 or middle >= 10**digits:
        raise BadTagData(f"no digit {fourth:X} or no {digits} digits {middle}")
    return f"{head}{fourth}{middle:0{digits}}{_last(value)}"


def _read_128(field: bytes) -> str:
    if field[-1] < SIZES[Coding.BITS_128]:
        return _read_short(field)
    value = int.from_bytes(field, "big")
    length = value & _LENGTH
    if not SIZES[Coding.BITS_128] <= length <= ITEM_MAX:
        raise BadTagData(f"length {length}")
    count = length - 2 * _WORD_CHARACTERS - 1
    words = [value >> 64, value >> 32 & 0xFFFFFFFF, (value & 0xFFFFFFFF) >> 12]
    text = _word(words[0], 5) + _word(words[1], 5) + _word(words[2], count)
    return text + _last(value)


def _read_short(field: bytes) -> str:
    length = field[-1]
    raw = field[-1 - length : -1][::-1]
    if any(field[: -1 - length]):
        raise BadTagData(f"bytes behind the {length} characters")
    return _printable(raw)


def _word(word: int, count: int) -> str:
    if word >> count * _CODE_BITS:
        raise BadTagData(f"{word:08X} has bits beyond {count} characters")
    shifts = range((count - 1) * _CODE_BITS, -1, -_CODE_BITS)
    return "".join(_character(word >> shift) for shift in shifts)


def _character(bits: int) -> str:
    code = bits & 0x3F
    if code >= _CODES:
        raise BadTagData(f"no character has code {code}")
    return chr(_FIRST_CODE + code)


def _last(value: int) -> str:
    return _printable((value >> 4 & 0xFF).to_bytes())


def _printable(raw: bytes) -> str:
    if not raw.strip() or not all(0x20 <= byte < 0x7F for byte in raw):
        raise BadTagData(f"{raw.hex().upper() or 'nothing'} is no printable text")
    return raw.decode("ascii")


def _write_96(item: str) -> int:
    digits = item[3:-1]
    if digits.strip(string.digits):
        raise BadTagData(f"{item!a}: characters 4 to last but one must be digits")
    value = int(digits[1:])
    for part, bits in ((int(digits[0]), 4), *((_code(char), 6) for char in item[:3])):
        value = value << bits | part
    return (value << 8 | ord(item[-1])) << 4 | len(item)


def _write_128(item: str) -> int:
    parts = (item[:5], item[5:10], item[10:-1])
    words = [_packed(part) for part in parts]
    words[2] = (words[2] << 8 | ord(item[-1])) << 4 | len(item)
    return words[0] << 2 * _WORD_BITS | words[1] << _WORD_BITS | words[2]


def _packed(text: str) -> int:
    value = 0
    for char in text:
        value = value << _CODE_BITS | _code(char)
    return value


def _code(char: str) -> int:
    code = ord(char) - _FIRST_CODE
    if not 0 <= code < _CODES:
        raise BadTagData(f"{char!a} is not 0 to Z")
    return code


_READERS: dict[Coding, Callable[[bytes], str]] = {
    Coding.BITS_96: _read_96,
    Coding.BITS_128: _read_128,
}
_WRITERS: dict[Coding, Callable[[str], int]] = {
    Coding.BITS_96: _write_96,
    Coding.BITS_128: _write_128,
}
