"""CNMARC records as a county's cataloguers write them, in ISO 2709.

Written by itself, without the hub's reader, so that the two check each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kiosk.demo.names import ISIL
from kiosk.demo.stock import TitleRow

_FIELD_END, _RECORD_END, _SUBFIELD = b"\x1e", b"\x1d", "\x1f"
_LEADER_LENGTH = 24

#: Tag, indicators and subfields, or tag and text of a control field.
Field = tuple[str, str]


def file_bytes(titles: Iterable[TitleRow], encoding: str) -> bytes:
    """Return a file of one record per title."""
    return b"".join(record_bytes(fields(title), encoding) for title in titles)


def record_bytes(record: Sequence[Field], encoding: str) -> bytes:
    """Return leader, directory and fields of one record; lengths count bytes."""
    directory, content = b"", b""
    for tag, text in record:
        field = text.encode(encoding) + _FIELD_END
        directory += f"{tag}{len(field):04d}{len(content):05d}".encode("ascii")
        content += field
    base = _LEADER_LENGTH + len(directory) + len(_FIELD_END)
    length = base + len(content) + len(_RECORD_END)
    leader = f"{length:05d}nam0 22{base:05d}   450 ".encode("ascii")
    return leader + directory + _FIELD_END + content + _RECORD_END


def fields(title: TitleRow) -> list[Field]:
    """Return the fields of a title; what the catalogue does not know is left out."""
    year = title.year or "    "
    return [
        ("001", title.title_id),
        *_some("010", "  ", a=_hyphenated(title.isbn)),
        ("100", _field("  ", a=f"20250701d{year}    em y0chiy0120    ea")),
        ("101", _field("0 ", a="chi")),
        ("200", _field("1 ", a=title.title, f=_statement(title))),
        *_some("210", "  ", c=title.publisher, d=title.year),
        ("690", _field("  ", a=title.clc, v="5")),
        *_some("701", " 0", a=title.author, **{"4": "著"} if title.author else {}),
        ("801", _field(" 0", a="CN", b="YLT", c="20250701")),
        ("905", _field("  ", a=ISIL, d=title.clc)),
    ]


def _some(tag: str, indicators: str, **subfields: str) -> list[Field]:
    return [(tag, _field(indicators, **subfields))] if any(subfields.values()) else []


def _field(indicators: str, **subfields: str) -> str:
    parts = (f"{_SUBFIELD}{code}{text}" for code, text in subfields.items() if text)
    return indicators + "".join(parts)


def _statement(title: TitleRow) -> str:
    return f"{title.author}著" if title.author else ""


def _hyphenated(isbn: str) -> str:
    # Prefix and check digit apart: enough to look like what people type.
    return f"{isbn[:3]}-{isbn[3]}-{isbn[4:12]}-{isbn[12]}" if isbn else ""
