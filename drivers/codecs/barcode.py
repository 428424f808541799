"""What the characters of a library barcode say, and what a site may ask of them.

Nothing is checked unless a site asks for it: numbers with a wrong check digit are on
the labels of libraries and even in the handbooks of their makers.
"""

from __future__ import annotations

import enum
import re
import string
from dataclasses import dataclass

import msgspec

from drivers.codecs.isbn import is_ean13, is_isbn, to_isbn10, to_isbn13
from drivers.codecs.lines import BadBarcode

#: A character's place is its value in the check sum (ISO/IEC 16388, mod 43).
CODE39 = f"{string.digits}{string.ascii_uppercase}-. $/+%"
#: One letter in front, one behind; scanners may be set to send them, in either case.
_CODABAR_FRAMED = re.compile(r"[A-Da-d]([0-9$:/.+-]+)[A-Da-d]")
_LIBRARY14 = re.compile("[23][0-9]{13}")
#: AIM symbology identifiers (ISO/IEC 15424) by their first two characters.
_AIM_CODE39, _AIM_EAN, _AIM_CODABAR = "]A", "]E", "]F"
#: Code 39 whose check character the scanner itself has verified and taken off.
_AIM_CODE39_STRIPPED = frozenset({"]A3", "]A7"})


class Code39Check(enum.StrEnum):
    """OFF: no check character. VERIFY: it must be right. STRIP: and is taken off."""

    OFF = "off"
    VERIFY = "verify"
    STRIP = "strip"


class IsbnForm(enum.StrEnum):
    """How a book's own number is passed on; one of 979 has no form of ten digits."""

    AS_READ = "as_read"
    ISBN13 = "isbn13"
    ISBN10 = "isbn10"


class BarcodeRules(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What to do with the text of a scan; the default is nothing.

    `codabar_letters_stripped`: a start and a stop letter A-D come off a Codabar number.
    `library14_checked`: 14 digits that begin with 2 (patron) or 3 (item) must have the
    right last digit. `code39_check`: whether labels have a mod 43 character.
    `ean13_checked`: 13 digits must have the right last digit.
    """

    codabar_letters_stripped: bool = False
    library14_checked: bool = False
    code39_check: Code39Check = Code39Check.OFF
    ean13_checked: bool = False
    isbn: IsbnForm = IsbnForm.AS_READ


#: Leave every text as it is.
NO_RULES = BarcodeRules()


class Library14Kind(enum.StrEnum):
    """The first digit of a 14-digit library number."""

    PATRON = "patron"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Library14:
    """A 14-digit library number: kind, institution (4 digits), serial (8), check."""

    kind: Library14Kind
    institution: str
    serial: str
    check: str
    check_is_right: bool


def clean(
    text: str, rules: BarcodeRules = NO_RULES, symbology: str | None = None
) -> str:
    """Return the code that a scan's `text` stands for, as `rules` ask for it.

    For scanner drivers: put `rules: BarcodeRules = BarcodeRules()` into the options and
    call this with each text, terminator and AIM identifier already off. `symbology` is
    that identifier (`]F0`) if the scanner sent one: a rule then touches codes of its
    own symbology alone. Without it every code that could be of that symbology counts,
    but a right EAN-13 is never taken for Code 39.

    Raises BadBarcode, naming text and reason, for a code that fails a check; the reader
    scans again. Never returns an empty text for one that was not.
    """
    if _may_be(_AIM_CODABAR, symbology):
        if rules.codabar_letters_stripped:
            text = strip_codabar_letters(text)
        if rules.library14_checked:
            _check_library14(text)
    if rules.code39_check is not Code39Check.OFF and _is_code39(text, symbology):
        text = _checked_code39(text, rules.code39_check)
    if _may_be(_AIM_EAN, symbology):
        text = _checked_ean(text, rules)
    return text


def strip_codabar_letters(text: str) -> str:
    """Take start and stop letter off; a text without both of them stays as it is."""
    framed = _CODABAR_FRAMED.fullmatch(text)
    return framed.group(1) if framed else text


def parse_library14(text: str) -> Library14 | None:
    """Take a 14-digit library number apart, right check digit or not; None for others."""
    if not _LIBRARY14.fullmatch(text):
        return None
    kind = Library14Kind.PATRON if text[0] == "2" else Library14Kind.ITEM
    right = text[-1] == library14_check_digit(text[:-1])
    return Library14(kind, text[1:5], text[5:13], text[13], right)


def library14_check_digit(digits: str) -> str:
    """Return the last digit for the first 13: modulus 10, every odd place doubled."""
    if not re.fullmatch("[0-9]{13}", digits):
        raise BadBarcode(f"{digits!a} is not 13 digits")
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[::2]]
    plain = [int(digit) for digit in digits[1::2]]
    return str(-(sum(doubled) + sum(plain)) % 10)


def code39_check_character(text: str) -> str:
    """Return the mod 43 character for a text without one. Raises BadBarcode."""
    for place, char in enumerate(text, start=1):
        if char not in CODE39:
            raise BadBarcode(f"{char!a} at place {place} of {text!a} is not in Code 39")
    return CODE39[sum(map(CODE39.index, text)) % len(CODE39)]


def _may_be(aim: str, symbology: str | None) -> bool:
    return symbology is None or symbology.startswith(aim)


def _is_code39(text: str, symbology: str | None) -> bool:
    if symbology is not None:
        is_checked = symbology in _AIM_CODE39_STRIPPED
        return symbology.startswith(_AIM_CODE39) and not is_checked
    return set(text) <= set(CODE39) and not is_ean13(text)


def _check_library14(text: str) -> None:
    number = parse_library14(text)
    if number and not number.check_is_right:
        right = library14_check_digit(text[:-1])
        raise BadBarcode(f"{text}: check digit {number.check}, {right} is right")


def _checked_code39(text: str, check: Code39Check) -> str:
    if len(text) < 2:
        raise BadBarcode(f"{text!a} is too short for a check character")
    right = code39_check_character(text[:-1])
    if text[-1] != right:
        raise BadBarcode(f"{text}: check character {text[-1]!a}, {right!a} is right")
    return text[:-1] if check is Code39Check.STRIP else text


def _checked_ean(text: str, rules: BarcodeRules) -> str:
    if rules.ean13_checked and re.fullmatch("[0-9]{13}", text) and not is_ean13(text):
        raise BadBarcode(f"{text}: wrong EAN-13 check digit")
    if rules.isbn is IsbnForm.AS_READ or not is_isbn(text):
        return text
    if rules.isbn is IsbnForm.ISBN13:
        return to_isbn13(text)
    return to_isbn10(text) or text
