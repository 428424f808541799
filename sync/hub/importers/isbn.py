"""One spelling of book numbers: ISBN-13 without hyphens."""

from __future__ import annotations

import re
import unicodedata

from stdnum import isbn as isbn_rules
from stdnum.exceptions import ValidationError

#: Hyphens as people and fonts write them, and the blanks between the groups.
_NUMBER = re.compile(r"[0-9][0-9 \-‐‑‒–—−]*[0-9Xx]")
_SEPARATORS = re.compile(r"[^0-9X]")


class BadIsbn(ValueError):
    """The text is no ISBN; the reason is in the error's text."""


def isbn13(text: str) -> str:
    """Return 13 digits for an ISBN-10 or -13 in any spelling, "" for an empty text.

    What stands behind the number (精装, a price) is left out. Raises BadIsbn, also
    for the 统一书号 that books carried until 1988: it is no ISBN.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return ""
    found = _NUMBER.search(plain)
    if found is None or "·" in plain:
        raise BadIsbn(f"{text!r} is no ISBN")
    digits = _SEPARATORS.sub("", found.group().upper())
    try:
        return str(isbn_rules.validate(digits, convert=True))
    except ValidationError as err:
        raise BadIsbn(f"ISBN {text!r}: {err}") from err
