"""Titles and their copies as CNMARC and MARC21 records in ISO 2709 files, UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pymarc import Field, Indicators, Record, Subfield
from sqlalchemy import Connection, select

from kiosk.domain.values import Item, Title
from sync.hub.store import schema
from sync.hub.store.rows import item_value, title_value

_TITLES_AT_ONCE = 200
#: A record has at most 99,999 bytes; a copy takes some forty of them.
MOST_COPIES = 1500
#: Separators of the format can't be part of a text.
_MARKS = dict.fromkeys((0x1D, 0x1E, 0x1F), " ")


@dataclass(frozen=True, slots=True)
class Catalogued:
    """A title with its copies."""

    title: Title
    items: Sequence[Item]


def catalogue(conn: Connection) -> Iterator[Catalogued]:
    """Every title by its id, with its copies by barcode."""
    table = schema.titles
    found = conn.execute(
        select(table).order_by(table.c.title_id),
        execution_options={"yield_per": _TITLES_AT_ONCE},
    ).mappings()
    while chunk := list(islice(found, _TITLES_AT_ONCE)):
        items = _items(conn, [row["title_id"] for row in chunk])
        for row in chunk:
            yield Catalogued(title_value(row), items.get(row["title_id"], ()))


def cnmarc(each: Catalogued) -> bytes:
    """The record of a title in CNMARC; copies beyond MOST_COPIES are left out."""
    title = each.title
    fields = [
        _control("001", title.title_id),
        _field("010", "  ", a=title.isbn),
        _field("100", "  ", a=f"{'':8}d{title.year:4.4}    em y0chiy50      ea"),
        _field("101", "0 ", a="chi"),
        _field("200", "1 ", a=title.title, f=title.author),
        _field("210", "  ", c=title.publisher, d=title.year),
        _field("690", "  ", a=title.clc),
        _field("701", " 0", a=title.author),
        *(_field("905", "  ", a=i.home_site, b=i.barcode) for i in _copies(each)),
    ]
    return _record(fields)


def marc21(each: Catalogued) -> bytes:
    """The record of a title in MARC21; copies beyond MOST_COPIES are left out."""
    title = each.title
    fields = [
        _control("001", title.title_id),
        _control("008", f"{'':6}s{title.year:4.4}    cc{'':18}chi d"),
        _field("020", "  ", a=title.isbn),
        _field("084", "  ", a=title.clc, **{"2": "clc"} if title.clc else {}),
        _field("100", "1 ", a=title.author),
        _field("245", "10", a=title.title, c=title.author),
        _field("264", " 1", b=title.publisher, c=title.year),
        *(_field("852", "  ", b=i.home_site, p=i.barcode) for i in _copies(each)),
    ]
    return _record(fields)


#: By the name of the file.
FORMS: dict[str, Callable[[Catalogued], bytes]] = {"cnmarc": cnmarc, "marc21": marc21}


def _copies(each: Catalogued) -> Sequence[Item]:
    return each.items[:MOST_COPIES]


def _items(conn: Connection, title_ids: Sequence[str]) -> dict[str, list[Item]]:
    table = schema.items
    query = select(table).where(table.c.title_id.in_(title_ids))
    found: dict[str, list[Item]] = {}
    for row in conn.execute(query.order_by(table.c.barcode)).mappings():
        found.setdefault(row["title_id"], []).append(item_value(row))
    return found


def _control(tag: str, text: str) -> Field:
    return Field(tag, data=text.translate(_MARKS))


def _field(tag: str, indicators: str, **subfields: str) -> Field | None:
    """None if there is nothing to say."""
    parts = [Subfield(k, v.translate(_MARKS)) for k, v in subfields.items() if v]
    return Field(tag, Indicators(*indicators), parts) if parts else None


def _record(fields: Sequence[Field | None]) -> bytes:
    said = [field for field in fields if field is not None]
    leader = "     nam a22        450 "
    return bytes(Record(fields=said, leader=leader, force_utf8=True).as_marc())
