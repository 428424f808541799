"""From a record to a title of the catalogue and the copies named in it.

CNMARC: 001 record id, 010 ISBN, 100 dates, 200 title, 210 publisher, 690 class,
701/711/702 persons and bodies, 905 local holdings. MARC21 is in `mapping21`.
"""

from __future__ import annotations

from kiosk.domain.values import Title
from sync.hub.importers.mapped import (
    Format,
    Holding,
    MappedRecord,
    NoTitle,
    barcodes,
    first_isbn,
    title_id,
    year,
)
from sync.hub.importers.mapping21 import map_marc21
from sync.hub.importers.marc import MarcRecord

#: Field 100 $a: positions 9-12 are the year of publication.
_CODED_YEAR = slice(9, 13)


def map_record(record: MarcRecord, form: Format = Format.AUTO) -> MappedRecord:
    """Map one record. Raises NoTitle; everything else may be missing.

    `AUTO`: a record with a field 245 and none of 200 is MARC21.
    """
    if form is Format.AUTO:
        is_21 = bool(record.all("245")) and not record.all("200")
        form = Format.MARC21 if is_21 else Format.CNMARC
    return _map_cnmarc(record) if form is Format.CNMARC else map_marc21(record)


def _map_cnmarc(record: MarcRecord) -> MappedRecord:
    name = _title(record)
    isbn, remarks = first_isbn(v for f in record.all("010") for v in f.all("a"))
    author = _author(record)
    title = Title(
        title_id=title_id(record, isbn, (name, author, record.first("210", "c"))),
        title=name,
        author=author,
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


def _author(record: MarcRecord) -> str:
    for tag in ("701", "711"):
        names = [field.first("a") for field in record.all(tag)]
        if any(names):
            return "、".join(name for name in names if name)
    return record.first("200", "f") or record.first("702", "a")


def _year(record: MarcRecord) -> str:
    return year(record.first("210", "d"), record.first("100", "a")[_CODED_YEAR])


def _holdings(record: MarcRecord) -> tuple[Holding, ...]:
    holdings = (
        Holding(field.first("a"), barcodes(field.all("b")))
        for field in record.all("905")
    )
    return tuple(holding for holding in holdings if holding.barcodes)
