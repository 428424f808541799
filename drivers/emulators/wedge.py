"""A keyboard wedge that isn't there: the keys that a scanner or card reader presses."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drivers.codecs.keymap import (
    ALT,
    ALT_GR,
    CAPS_LOCK,
    ENTER,
    KEYMAPS,
    KEYPAD,
    Country,
)
from drivers.codecs.keys import Key

_LEFT_SHIFT = 42
_KEYPAD_CODES = {character: code for code, character in KEYPAD.items()}


class Habit(enum.StrEnum):
    """How a wedge types what its keyboard has more than one way for.

    SHIFT: Shift for each character that needs it. CAPS: locks capitals for letters.
    KEYPAD: digits on the keypad. ALT: Alt and a number on the keypad for everything.
    """

    SHIFT = "shift"
    CAPS = "caps"
    KEYPAD = "keypad"
    ALT = "alt"


@dataclass(frozen=True, slots=True)
class Wedge:
    """`ends`: the keys pressed after a text."""

    country: Country = Country.US
    habit: Habit = Habit.SHIFT
    ends: tuple[int, ...] = (ENTER,)

    def keys(self, text: str) -> list[Key]:
        """What it presses and lets go for one text, in order."""
        typed = [key for character in text for key in self._character(character)]
        return typed + [key for end in self.ends for key in _tap(end)]

    def _character(self, character: str) -> Iterator[Key]:
        keymap = KEYMAPS[self.country]
        if self.habit is Habit.ALT:
            return _holding(ALT, [_KEYPAD_CODES[digit] for digit in _number(character)])
        if self.habit is Habit.KEYPAD and character in _KEYPAD_CODES:
            return _tap(_KEYPAD_CODES[character])
        if character in keymap.plain.values():
            return _tap(_code(keymap.plain, character))
        if character in keymap.alt_gr.values():
            return _holding(ALT_GR, [_code(keymap.alt_gr, character)])
        code = _code(keymap.shifted, character)
        if self.habit is Habit.CAPS and character.isalpha():
            return iter([*_tap(CAPS_LOCK), *_tap(code), *_tap(CAPS_LOCK)])
        return _holding(_LEFT_SHIFT, [code])


def _code(keys: Mapping[int, str], character: str) -> int:
    """Raises ValueError for what this keyboard can't type."""
    for code, typed in keys.items():
        if typed == character:
            return code
    raise ValueError(f"no key types {character!r}")


def _tap(code: int) -> Iterator[Key]:
    yield code, 1
    yield code, 0


def _holding(held: int, codes: list[int]) -> Iterator[Key]:
    yield held, 1
    for code in codes:
        yield from _tap(code)
    yield held, 0


def _number(character: str) -> str:
    return f"0{ord(character)}"
