"""The ISIL coding of ISO 28560-2 (OIDs 3 and 11): three character sets, shift, latch.

A string starts in the upper-case set. A latch changes the set for all that follows, a
shift for one character. The last byte is filled up with 1 bits; they read as the start
of a shift that nothing follows, so they need no special treatment.
"""

from __future__ import annotations

import enum
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drivers.tagdata.bits import bits_of, bytes_of
from drivers.tagdata.errors import BadTagData


class _Set(enum.Enum):
    UPPER = enum.auto()
    LOWER = enum.auto()
    DIGITS = enum.auto()


@dataclass(frozen=True, slots=True)
class _Table:
    """Codes of one set: first its characters, then what leads to another set."""

    width: int
    characters: str
    latch: Mapping[_Set, int]
    shift: Mapping[_Set, int]


_TABLES = {
    _Set.UPPER: _Table(
        width=5,
        characters=f"-{string.ascii_uppercase}:",
        latch={_Set.LOWER: 28, _Set.DIGITS: 30},
        shift={_Set.LOWER: 29, _Set.DIGITS: 31},
    ),
    _Set.LOWER: _Table(
        width=5,
        characters=f"-{string.ascii_lowercase}/",
        latch={_Set.UPPER: 28, _Set.DIGITS: 30},
        shift={_Set.UPPER: 29, _Set.DIGITS: 31},
    ),
    _Set.DIGITS: _Table(
        width=4,
        characters=f"{string.digits}-:",
        latch={_Set.UPPER: 12, _Set.LOWER: 14},
        shift={_Set.UPPER: 13, _Set.LOWER: 15},
    ),
}


def can_encode(text: str) -> bool:
    """Whether every character has a code in one of the sets."""
    return all(
        any(char in table.characters for table in _TABLES.values()) for char in text
    )


def encode(text: str) -> bytes:
    """Spell `text`: a shift for a lone character, a latch where the next one follows it.

    Raises BadTagData for a character that no set has.
    """
    bits = "".join(_codes(text))
    return bytes_of(bits + "1" * (-len(bits) % 8))


def decode(data: bytes) -> str:
    """Read any spelling of shifts and latches. Raises BadTagData."""
    bits = bits_of(data)
    latched, shifted = _Set.UPPER, None
    text, at = "", 0
    while at + _TABLES[shifted or latched].width <= len(bits):
        table = _TABLES[shifted or latched]
        code = int(bits[at : at + table.width], 2)
        at += table.width
        if code < len(table.characters):
            text += table.characters[code]
            shifted = None
        elif shifted is not None:
            raise BadTagData(
                f"{data.hex().upper()}: a shift is followed by code {code}"
            )
        else:
            latched, shifted = _change(table, code, latched)
    return text


def _change(table: _Table, code: int, latched: _Set) -> tuple[_Set, _Set | None]:
    """Return the set that holds from now on and the one for the next character only."""
    for target, latch in table.latch.items():
        if code == latch:
            return target, None
    shifts = {shift: target for target, shift in table.shift.items()}
    return latched, shifts[code]


def _codes(text: str) -> Iterator[str]:
    current = _Set.UPPER
    for char, following in zip(text, [*text, ""][1:], strict=True):
        table = _TABLES[current]
        if char in table.characters:
            yield _code(table, table.characters.index(char))
            continue
        target = _set_with(char)
        latch = _stays(following, current, target)
        yield _code(table, (table.latch if latch else table.shift)[target])
        yield _code(_TABLES[target], _TABLES[target].characters.index(char))
        if latch:
            current = target


def _stays(following: str, current: _Set, target: _Set) -> bool:
    """Whether the next character, too, needs the target set."""
    if not following or following in _TABLES[current].characters:
        return False
    return following in _TABLES[target].characters


def _set_with(char: str) -> _Set:
    for name, table in _TABLES.items():
        if char in table.characters:
            return name
    raise BadTagData(f"{char!a} can't be in an ISIL")


def _code(table: _Table, code: int) -> str:
    return f"{code:0{table.width}b}"
