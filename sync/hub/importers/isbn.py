"""One spelling of book numbers: ISBN-13 without hyphens.

Mended without a word: hyphens, blanks, full-width signs, what stands behind the
number, ISBN-10, and the ".0" of a spreadsheet. Mended with a remark: O for 0, l for 1,
and 978 put before an ISBN-10 whose check digit was left as it was. Any other wrong
check digit means that some digit is wrong, and nobody can tell which: refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from stdnum import isbn as isbn_rules
from stdnum.exceptions import ValidationError

#: Hyphens as people and fonts write them, and the blanks between the groups.
_NUMBER = re.compile(r"[0-9OolI][0-9OolI \-‐‑‒–—−]*[0-9OolIXx]")
_SEPARATORS = re.compile(r"[^0-9A-Z]")
_LIKE_DIGITS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1"})
_ROUNDED = re.compile(r"\d\.\d+[eE]\+?\d+")
_PREFIXED = 13


class BadIsbn(ValueError):
    """The text is no ISBN; the reason is in the error's text."""


@dataclass(frozen=True, slots=True)
class Isbn:
    """13 digits, or "" for none; `repaired` says what was mended."""

    number: str
    repaired: str = ""


def isbn13(text: str) -> Isbn:
    """Return the 13 digits of an ISBN-10 or -13 in any spelling, "" for an empty text.

    Raises BadIsbn, also for the 统一书号 that books carried until 1988: it is no ISBN.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return Isbn("")
    found = _NUMBER.search(re.sub(r"(?i)^\s*isbn(?:-1[03])?\s*:?", "", plain))
    if found is None or "·" in plain or _ROUNDED.fullmatch(plain):
        raise BadIsbn(f"{text!r} is no ISBN")
    written = found.group()
    digits = _SEPARATORS.sub("", written.translate(_LIKE_DIGITS).upper())
    remark = "" if written.translate(_LIKE_DIGITS) == written else "letters for digits"
    try:
        return Isbn(str(isbn_rules.validate(digits, convert=True)), remark)
    except ValidationError as err:
        number = _old_check_digit(digits)
        if number is None:
            raise BadIsbn(f"ISBN {text!r}: {err}") from err
        return Isbn(number, "the check digit was that of the ISBN-10")


def _old_check_digit(digits: str) -> str | None:
    """The ISBN-13 meant by 978 and a whole ISBN-10, if it is that."""
    short = digits.removeprefix("978")
    if len(digits) != _PREFIXED or not isbn_rules.is_valid(short):
        return None
    return str(isbn_rules.to_isbn13(short))
