"""What the keys of a PC keyboard type, by the country that a wedge is set to.

Codes are those of linux/input-event-codes.h: places on the keyboard, not letters. Dead
keys (accents) are left out, as no code or card number has one.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

ENTER, KEYPAD_ENTER, TAB, SPACE = 28, 96, 15, 57
SHIFTS = frozenset({42, 54})
CONTROLS = frozenset({29, 97})
ALT, ALT_GR = 56, 100
CAPS_LOCK = 58
#: NumLock, ScrollLock, the two logo keys and the menu key type nothing.
MUTE = frozenset({69, 70, 125, 126, 127})

#: The keypad types the same in every country, with NumLock as every wedge sets it.
KEYPAD: Mapping[int, str] = {
    **dict(zip(range(71, 84), "789-456+1230.", strict=True)),
    55: "*",
    98: "/",
}

#: First code of each row of keys and of the key beside the left Shift.
_ROWS = (2, 16, 30, 43, 86)
#: A place in a row where this country has no key, or a dead one.
_NOTHING = "\0"


class Country(enum.StrEnum):
    """The keyboard that a wedge believes it is."""

    US = "us"
    GERMAN = "german"
    FRENCH = "french"


@dataclass(frozen=True, slots=True)
class Keymap:
    """Characters by code: alone, with Shift, and with AltGr."""

    plain: Mapping[int, str]
    shifted: Mapping[int, str]
    alt_gr: Mapping[int, str] = field(default_factory=dict)


def _keys(*rows: str) -> dict[int, str]:
    return {SPACE: " "} | {
        first + place: character
        for first, row in zip(_ROWS, rows, strict=True)
        for place, character in enumerate(row)
        if character != _NOTHING
    }


KEYMAPS: Mapping[Country, Keymap] = {
    Country.US: Keymap(
        _keys("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "\\zxcvbnm,./", "\\"),
        _keys("!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"~', "|ZXCVBNM<>?", "|"),
    ),
    Country.GERMAN: Keymap(
        _keys("1234567890ß\0", "qwertzuiopü+", "asdfghjklöä\0", "#yxcvbnm,.-", "<"),
        _keys('!"§$%&/()=?\0', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ°", "'YXCVBNM;:_", ">"),
        dict(zip((8, 9, 10, 11, 12, 16, 27, 86), "{[]}\\@~|", strict=True)),
    ),
    Country.FRENCH: Keymap(
        _keys("&é\"'(-è_çà)=", "azertyuiop\0$", "qsdfghjklmù²", "*wxcvbn,;:!", "<"),
        _keys("1234567890°+", "AZERTYUIOP\0£", "QSDFGHJKLM%\0", "µWXCVBN?./§", ">"),
        dict(zip((4, 5, 6, 7, 9, 11, 12, 13), "#{[|\\@]}", strict=True)),
    ),
}
