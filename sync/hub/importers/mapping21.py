"""From a MARC21 record to a title of the catalogue and the copies named in it.

Fields: 001 record id, 008 dates, 020 ISBN, 084 class ($2 clc), 100/110/700 persons and
bodies, 245 title, 260/264 publisher, 852/952 holdings. 880 has the Chinese form of a
field that is in Latin letters; it goes first.
"""

from __future__ import annotations

from kiosk.domain.values import Title
from sync.hub.importers.mapped import (
    Holding,
    MappedRecord,
    NoTitle,
    barcodes,
    first_isbn,
    title_id,
    year,
)
from sync.hub.importers.marc import MarcField, MarcRecord

#: The marks that cataloguing rules put before the next subfield.
_MARKS = " /:;,=."
#: Field 008: positions 7-10 are the year of publication.
_CODED_YEAR = slice(7, 11)
_AUTHORS = ("100", "110", "700", "710")


def map_marc21(record: MarcRecord) -> MappedRecord:
    """Map one record. Raises NoTitle; everything else may be missing."""
    name = _title(record)
    isbn, remarks = first_isbn(v for f in record.all("020") for v in f.all("a"))
    author, publisher = _author(record), _imprint(record, "b")
    dates = (_imprint(record, "c"), record.control("008")[_CODED_YEAR])
    title = Title(
        title_id=title_id(record, isbn, (name, author, publisher)),
        title=name,
        author=author,
        publisher=publisher,
        year=year(*dates),
        isbn=isbn,
        clc=_class(record),
    )
    return MappedRecord(title, _holdings(record), remarks)


def _title(record: MarcRecord) -> str:
    for field in _fields(record, "245"):
        parts = [_plain(field.first(code)) for code in "anp"]
        if parts[0]:
            return " ".join(part for part in parts if part)
    raise NoTitle("no title: field 245 $a is missing or empty")


def _author(record: MarcRecord) -> str:
    for tag in _AUTHORS:
        names = [_plain(field.first("a")) for field in _fields(record, tag)]
        if any(names):
            return "、".join(name for name in names if name)
    return next((_plain(f.first("c")) for f in _fields(record, "245")), "")


def _imprint(record: MarcRecord, code: str) -> str:
    fields = (*_fields(record, "264"), *_fields(record, "260"))
    return next((_plain(f.first(code)) for f in fields if f.first(code)), "")


def _class(record: MarcRecord) -> str:
    """The Chinese Library Classification; other ones stand in 084 as well."""
    fields = record.all("084")
    marked = (f.first("a") for f in fields if f.first("2").lower().startswith("clc"))
    return next(marked, "") or record.first("690", "a")


def _holdings(record: MarcRecord) -> tuple[Holding, ...]:
    """852 by the rules, 952 as Koha writes it, 905 as Chinese libraries do."""
    found = [(f.first("b") or f.first("a"), f.all("p")) for f in record.all("852")]
    found += [(f.first("a") or f.first("b"), f.all("p")) for f in record.all("952")]
    found += [(f.first("a"), f.all("b")) for f in record.all("905")]
    holdings = (Holding(library, barcodes(texts)) for library, texts in found)
    return tuple(holding for holding in holdings if holding.barcodes)


def _fields(record: MarcRecord, tag: str) -> tuple[MarcField, ...]:
    """The field in Chinese, where it has such a form, else as it is."""
    linked = [f for f in record.all("880") if f.first("6").startswith(f"{tag}-")]
    return tuple(linked) or record.all(tag)


def _plain(text: str) -> str:
    return text.rstrip(_MARKS)
