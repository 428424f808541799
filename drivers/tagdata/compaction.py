"""Compaction of single values after ISO/IEC 15962, as ISO 28560-2 uses it."""

from __future__ import annotations

import contextlib
import enum
import re
from dataclasses import dataclass

from drivers.tagdata.bits import bits_of, bytes_of
from drivers.tagdata.errors import BadTagData


class Scheme(enum.IntEnum):
    """Bits 6-4 of an element's precursor."""

    APPLICATION = 0  # coded as the element itself defines
    INTEGER = 1
    NUMERIC = 2
    BIT5 = 3
    BIT6 = 4
    BIT7 = 5
    OCTET = 6
    UTF8 = 7


#: Schemes for text, the preferred one first among equally short results.
TEXT_SCHEMES = tuple(scheme for scheme in Scheme if scheme is not Scheme.APPLICATION)
INTEGER_MIN = 10
INTEGER_MAX = 9_999_999_999_999_999_999
INTEGER_BYTES = 8  # what INTEGER_MAX takes


@dataclass(frozen=True, slots=True)
class _Packed:
    """Codes of `width` bits, most significant first; `pad` fills the last byte up.

    A character's place in `alphabet` is its code.
    """

    width: int
    alphabet: str
    pad: str
    unused: str = ""

    def encode(self, text: str) -> bytes:
        bits = "".join(self._code(char) for char in text)
        return bytes_of(bits + self.pad[: -len(bits) % 8])

    def _code(self, char: str) -> str:
        code = self.alphabet.find(char)
        if code < 0 or char in self.unused:
            raise BadTagData(f"{char!a} has no {self.width}-bit code")
        return f"{code:0{self.width}b}"

    def decode(self, data: bytes) -> str:
        bits = bits_of(data)
        starts = range(0, len(bits) - self.width + 1, self.width)
        codes = [bits[at : at + self.width] for at in starts]
        # Up to seven bits of padding may look like one more code.
        if codes and len(bits) - starts[-1] < 8 and self.pad.startswith(codes[-1]):
            codes.pop()
        return "".join(self.alphabet[int(code, 2)] for code in codes)


_UPPER = "".join(map(chr, range(0x40, 0x60)))
_PUNCTUATION = "".join(map(chr, range(0x20, 0x40)))
_PACKED = {
    Scheme.BIT5: _Packed(5, _UPPER, pad="0000000", unused="@"),
    Scheme.BIT6: _Packed(6, _UPPER + _PUNCTUATION, pad="100000"),
    Scheme.BIT7: _Packed(7, "".join(map(chr, range(0x80))), pad="1111111"),
}


def choose(text: str) -> Scheme:
    """Return the scheme with the shortest result that reads back as `text`.

    Raises BadTagData for text that is not even Unicode (half a surrogate pair).
    """
    lengths = {Scheme.UTF8: len(encode(Scheme.UTF8, text))}
    for scheme in TEXT_SCHEMES:
        with contextlib.suppress(BadTagData):
            lengths[scheme] = len(encode(scheme, text))
    return min(lengths, key=lambda scheme: (lengths[scheme], scheme))


def encode(scheme: Scheme, text: str) -> bytes:
    """Compact `text`. Raises BadTagData when the scheme can't carry it faithfully."""
    match scheme:
        case Scheme.INTEGER:
            return _encode_integer(text)
        case Scheme.NUMERIC:
            return _encode_numeric(text)
        case Scheme.BIT5 | Scheme.BIT6 | Scheme.BIT7:
            return _encode_packed(scheme, text)
        case Scheme.OCTET | Scheme.UTF8:
            return _encode_bytes(scheme, text)
        case Scheme.APPLICATION:
            raise BadTagData("compaction 0 is not a text scheme")


def decode(scheme: Scheme, data: bytes) -> str:
    """Undo `encode`. Raises BadTagData, showing the bytes in hex."""
    match scheme:
        case Scheme.INTEGER:
            return _decode_integer(data)
        case Scheme.NUMERIC:
            return _decode_numeric(data)
        case Scheme.BIT5 | Scheme.BIT6 | Scheme.BIT7:
            return _PACKED[scheme].decode(data)
        case Scheme.OCTET:
            return data.decode("latin-1")
        case Scheme.UTF8:
            return _decode_utf8(data)
        case Scheme.APPLICATION:
            raise BadTagData("compaction 0 is not a text scheme")


def _encode_integer(text: str) -> bytes:
    if not re.fullmatch("[1-9][0-9]{1,18}", text):
        raise BadTagData(f"{text!a} is no integer {INTEGER_MIN} to {INTEGER_MAX}")
    value = int(text)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _decode_integer(data: bytes) -> str:
    if len(data) > INTEGER_BYTES:
        raise BadTagData(f"{data.hex().upper()} is too long for an integer")
    return str(int.from_bytes(data, "big")) if data else ""


def _encode_numeric(text: str) -> bytes:
    if not re.fullmatch("[0-9]+", text):
        raise BadTagData(f"{text!a} is not all digits")
    return bytes.fromhex(text + "F" * (len(text) % 2))


def _decode_numeric(data: bytes) -> str:
    digits = data.hex()
    if not re.fullmatch("[0-9]*f?", digits):
        raise BadTagData(f"{data.hex().upper()} is no decimal number with F at its end")
    return digits.removesuffix("f")


def _encode_packed(scheme: Scheme, text: str) -> bytes:
    data = _PACKED[scheme].encode(text)
    if _PACKED[scheme].decode(data) != text:
        raise BadTagData(f"{text!a}: its last character would be read as padding")
    return data


def _encode_bytes(scheme: Scheme, text: str) -> bytes:
    charset = "latin-1" if scheme is Scheme.OCTET else "utf-8"
    try:
        return text.encode(charset)
    except UnicodeEncodeError as err:
        raise BadTagData(f"{text[err.start]!a} is not in {charset}") from err


def _decode_utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise BadTagData(f"{data.hex().upper()} is not UTF-8") from err
