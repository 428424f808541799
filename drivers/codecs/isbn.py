"""Numbers of books: EAN-13, ISBN-13 and ISBN-10, bare digits without hyphens."""

from __future__ import annotations

import re

from drivers.codecs.lines import BadBarcode

#: Only these have a form of ten digits; 979 came when those were used up.
_BOOKLAND = "978"


def is_ean13(text: str) -> bool:
    """Whether these are 13 digits, the last one being their check digit."""
    from stdnum import ean

    return bool(re.fullmatch("[0-9]{13}", text)) and ean.is_valid(text)


def is_isbn(text: str) -> bool:
    """Whether this is an ISBN of 10 or 13 characters with the right check digit."""
    from stdnum import isbn

    looks_right = re.fullmatch("[0-9]{9}[0-9Xx]|[0-9]{13}", text)
    return bool(looks_right) and isbn.is_valid(text)


def to_isbn13(text: str) -> str:
    """Return the form of 13 digits. Raises BadBarcode for what is no ISBN."""
    from stdnum import isbn

    return isbn.to_isbn13(_checked(text))


def to_isbn10(text: str) -> str | None:
    """Return the form of ten; None for a number of 979. Raises BadBarcode for no ISBN."""
    from stdnum import isbn

    number = _checked(text)
    if len(number) == 13 and not number.startswith(_BOOKLAND):
        return None
    return isbn.to_isbn10(number)


def _checked(text: str) -> str:
    if not is_isbn(text):
        raise BadBarcode(f"{text!a} is no ISBN with a right check digit")
    return text.upper()
