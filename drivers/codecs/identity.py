"""Numbers of Chinese identity documents: their check character, and what stands for them.

Eighteen characters end in a check character (GB 11643, ISO 7064 MOD 11-2): those of
citizens, of residents from Hong Kong, Macao and Taiwan, and of foreign residents since
2023. The permanent residence card of 2017 has fifteen: a country and twelve digits.
"""

from __future__ import annotations

import hashlib
import re

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_CHECKED = re.compile(r"[0-9]{17}[0-9X]")
_UNCHECKED = re.compile(r"[A-Z]{3}[0-9]{12}")
#: Keeps these fingerprints apart from every other hash of such a number.
_PURPOSE = "tongjie/identity/"


def normalise(number: str) -> str:
    """The number without spaces, its letters in upper case."""
    return "".join(number.split()).upper()


def is_number(number: str) -> bool:
    """Whether a normalised number has the form, and the check character, of one."""
    if _CHECKED.fullmatch(number):
        return number[-1] == check_character(number[:-1])
    return bool(_UNCHECKED.fullmatch(number))


def check_character(digits: str) -> str:
    """The eighteenth character to seventeen digits."""
    total = sum(
        weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)
    )
    return _CHECK_CHARACTERS[total % 11]


def fingerprint(number: str) -> str:
    """What stands for a card outside of the drivers, in place of its number.

    The SHA-256, in lower-case hex, of the UTF-8 of "tongjie/identity/" and the
    normalised number: the same on every kiosk, so that a card that was registered at
    one is known at all. There are few enough numbers to try them all, so this is
    no protection by itself: who stores it hashes it again, slowly and salted.
    """
    return hashlib.sha256((_PURPOSE + normalise(number)).encode()).hexdigest()
