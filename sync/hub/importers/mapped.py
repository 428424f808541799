"""What both forms of MARC are mapped to, and how its parts are told from a text."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.domain.values import Title
from sync.hub.importers.isbn import BadIsbn, isbn13
from sync.hub.importers.marc import MarcRecord

_YEAR = re.compile(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)")
#: Libraries put several barcodes of a title into one subfield.
_BETWEEN_BARCODES = re.compile(r"[;,\s；，、]+")


class Format(enum.StrEnum):
    """Which fields mean what; `AUTO` looks at each record."""

    AUTO = "auto"
    CNMARC = "cnmarc"
    MARC21 = "marc21"


class NoTitle(ValueError):
    """The record names no title, so no screen could show it."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Copies of a title at one library, as the record names them."""

    library: str
    barcodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """A record's content. `remarks` say what was left out or mended, and why."""

    title: Title
    holdings: tuple[Holding, ...] = ()
    remarks: tuple[str, ...] = ()


def title_id(record: MarcRecord, isbn: str, described: Iterable[str]) -> str:
    """Record id, else ISBN, else a fingerprint, so that importing twice adds nothing."""
    return record.control("001") or isbn or fingerprint(described)


def fingerprint(described: Iterable[str]) -> str:
    """The id of a book that has no number: what it is called and who made it."""
    text = "\n".join(described)
    return "x" + hashlib.sha256(text.encode()).hexdigest()[:15]


def first_isbn(texts: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return the first good ISBN, and a remark for every one that is not good."""
    good, remarks = "", []
    for text in texts:
        try:
            found = isbn13(text)
        except BadIsbn as err:
            remarks.append(f"{err}; left out")
            continue
        good = good or found.number
        if found.repaired:
            remarks.append(f"ISBN {text!r} taken as {found.number}: {found.repaired}")
    return good, tuple(remarks)


def year(*texts: str) -> str:
    """The first year that stands in one of them."""
    found = next(filter(None, (_YEAR.search(text) for text in texts)), None)
    return found.group() if found else ""


def barcodes(texts: Iterable[str]) -> tuple[str, ...]:
    parts = (part for text in texts for part in _BETWEEN_BARCODES.split(text.upper()))
    return tuple(part for part in parts if part)
