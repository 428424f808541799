"""From a CNMARC record to a title of the catalogue and the copies named in it.

Fields: 001 record id, 010 ISBN, 100 dates, 200 title, 210 publisher, 690 class,
701/711/702 persons and bodies, 905 local holdings.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from kiosk.domain.values import Title
from sync.hub.importers.isbn import BadIsbn, isbn13
from sync.hub.importers.marc import MarcRecord

_YEAR = re.compile(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)")
#: Field 100 $a: positions 9-12 are the year of publication.
_CODED_YEAR = slice(9, 13)
#: Libraries put several barcodes of a title into one 905 $b.
_BETWEEN_BARCODES = re.compile(r"[;,\s；，、]+")


class NoTitle(ValueError):
    """The record has no 200 $a, so no screen could show it."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Copies of a title at one library, as field 905 names them."""

    library: str
    barcodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """A record's content. `remarks` say what was left out and why."""

    title: Title
    holdings: tuple[Holding, ...] = ()
    remarks: tuple[str, ...] = ()


def map_record(record: MarcRecord) -> MappedRecord:
    """Map one record. Raises NoTitle; everything else may be missing."""
    name = _title(record)
    isbn, remarks = _isbn(record)
    title = Title(
        title_id=_title_id(record, name, isbn),
        title=name,
        author=_author(record),
        publisher=record.first("210", "c"),
        year=_year(record),
        isbn=isbn,
        clc=record.first("690", "a"),
    )
    return MappedRecord(title, _holdings(record), remarks)


def _title(record: MarcRecord) -> str:
    """Title proper with number and name of the part; a second field 200 is ignored."""
    for field in record.all("200"):
        proper = field.first("a")
        if proper:
            parts = (proper, field.first("h"), field.first("i"))
            return " ".join(part for part in parts if part)
    raise NoTitle("no title: field 200 $a is missing or empty")


def _title_id(record: MarcRecord, name: str, isbn: str) -> str:
    """Record id, else ISBN, else a fingerprint, so that importing twice adds nothing."""
    if record.control("001") or isbn:
        return record.control("001") or isbn
    described = "\n".join((name, _author(record), record.first("210", "c")))
    return "x" + hashlib.sha256(described.encode()).hexdigest()[:15]


def _author(record: MarcRecord) -> str:
    for tag in ("701", "711"):
        names = [field.first("a") for field in record.all(tag)]
        if any(names):
            return "、".join(name for name in names if name)
    return record.first("200", "f") or record.first("702", "a")


def _year(record: MarcRecord) -> str:
    coded = record.first("100", "a")[_CODED_YEAR]
    for text in (record.first("210", "d"), coded):
        found = _YEAR.search(text)
        if found:
            return found.group()
    return ""


def _isbn(record: MarcRecord) -> tuple[str, tuple[str, ...]]:
    """Return the first good ISBN, and a remark for every one that is not good."""
    good, remarks = "", []
    for field in record.all("010"):
        for text in field.all("a"):
            try:
                good = good or isbn13(text)
            except BadIsbn as err:
                remarks.append(f"{err}; left out")
    return good, tuple(remarks)


def _holdings(record: MarcRecord) -> tuple[Holding, ...]:
    holdings = []
    for field in record.all("905"):
        barcodes = tuple(
            barcode
            for text in field.all("b")
            for barcode in _BETWEEN_BARCODES.split(text.upper())
            if barcode
        )
        if barcodes:
            holdings.append(Holding(field.first("a"), barcodes))
    return tuple(holdings)
