"""Rows of a workbook (.xlsx), read as the stream of XML that it is.

A cell is what its reader would type into a CSV file: a number without the ".0" that
spreadsheets keep, with the leading zeros of its format; a date as 2026-07-03; a
formula as its last result. A merged cell stands in every row that it spans.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from sync.hub.importers.report import Rejected
from sync.hub.importers.source import BLOCK, Content
from sync.hub.importers.xlsx_cells import BadValue, Look, Shared, looks, shown
from sync.hub.refusal import Refusal

RawRow = tuple[int, Sequence[str]] | Rejected

#: A part of a workbook that unpacks to more than this is no county's table.
_MOST_BYTES = 1 << 30
_PLACE = re.compile(r"([A-Z]{1,3})(\d+)")
_MERGED = re.compile(rb'mergeCell [^>]*ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
#: Longer than the longest `_MERGED`, for one that lies across two blocks.
_OVERLAP = 200


class BadWorkbook(Refusal, ValueError):
    """The file is no workbook that can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, and the names of the visible ones that are not read."""

    rows: Iterator[RawRow]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A cell that was merged downwards: its column, first and last row."""

    column: int
    first: int
    last: int


def open_sheet(content: Content, name: str = "") -> Sheet:
    """Open the named sheet, else the first that is not hidden. Raises BadWorkbook.

    A damaged part ends the rows with BadWorkbook while they are read.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content[:]))
        root = _whole(archive, "xl/workbook.xml")
        visible = _visible(root)
        target = _target(archive, root, name or next(iter(visible), ""))
        shared = Shared(_texts(archive), _looks(archive), _since_1904(root))
    except (KeyError, ParseError, zipfile.BadZipFile, ValueError) as err:
        raise BadWorkbook(f"no workbook that can be read: {err}") from err
    chosen = name or next(iter(visible), "")
    return Sheet(
        _rows(archive, target, shared), tuple(n for n in visible if n != chosen)
    )


def _visible(root: Element) -> list[str]:
    sheets = [e for e in root.iter() if _tag(e) == "sheet"]
    return [e.get("name", "") for e in sheets if e.get("state", "visible") == "visible"]


def _target(archive: zipfile.ZipFile, root: Element, name: str) -> str:
    """The part of the archive that holds this sheet."""
    sheets = (e for e in root.iter() if _tag(e) == "sheet" and e.get("name") == name)
    sheet = next(sheets, None)
    if sheet is None:
        raise BadWorkbook(f"there is no sheet {name!r}")
    relation = next(v for key, v in sheet.attrib.items() if key.endswith("}id"))
    for each in _whole(archive, "xl/_rels/workbook.xml.rels"):
        if each.get("Id") == relation:
            path = each.get("Target", "")
            return path.lstrip("/") if path.startswith("/") else f"xl/{path}"
    raise BadWorkbook(f"sheet {name!r} has no content")


def _rows(archive: zipfile.ZipFile, part: str, shared: Shared) -> Iterator[RawRow]:
    spans = _spans(archive, part)
    held: dict[int, str] = {}
    number = width = 0
    try:
        for row in _elements(archive, part, "row"):
            number = int(row.get("r") or number + 1)
            read = _row(row, number, shared)
            if isinstance(read, Rejected):
                yield read
            elif any(read.values()):
                cells = _filled(read, number, spans, held)
                width = max(width, len(cells))  # a sheet leaves out its last blanks
                yield number, cells + [""] * (width - len(cells))
    except (ParseError, zipfile.BadZipFile, OSError) as err:
        raise BadWorkbook(f"the sheet is damaged after row {number}: {err}") from err


def _row(row: Element, number: int, shared: Shared) -> dict[int, str] | Rejected:
    """The cells of a row by column, counted from 0."""
    cells: dict[int, str] = {}
    column = -1
    for cell in row:
        place = _PLACE.fullmatch(cell.get("r", ""))
        column = _column(place[1]) if place else column + 1
        try:
            cells[column] = shown(cell, shared)
        except BadValue as err:
            where = f"{_letters(column)}{number}"
            return Rejected(
                number=number, column=where, value=err.value, reason=str(err)
            )
    return cells


def _filled(
    cells: Mapping[int, str], number: int, spans: Sequence[Span], held: dict[int, str]
) -> list[str]:
    """The row as wide as it is, with what merged cells above spread into it."""
    full = dict(cells)
    for span in spans:
        if span.first == number:
            held[span.column] = cells.get(span.column, "")
        elif span.first < number <= span.last and not full.get(span.column):
            full[span.column] = held.get(span.column, "")
    return [full.get(column, "") for column in range(max(full) + 1)]


def _spans(archive: zipfile.ZipFile, part: str) -> list[Span]:
    """Cells merged downwards. They are listed behind all rows, so look there first."""
    found: set[tuple[bytes, ...]] = set()
    tail = b""
    for block in _blocks(archive, part):
        found |= {match.groups() for match in _MERGED.finditer(tail + block)}
        tail = block[-_OVERLAP:]
    return [
        Span(_column(column.decode()), int(first), int(last))
        for column, first, _, last in sorted(found)
        if int(last) > int(first)
    ]


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """The texts that cells share; phonetic readings beside them are left out."""
    part = "xl/sharedStrings.xml"
    if part not in archive.namelist():
        return []
    return [plain_text(each) for each in _elements(archive, part, "si")]


def plain_text(element: Element) -> str:
    parts = []
    for child in element:
        if _tag(child) == "t":
            parts.append(child.text or "")
        elif _tag(child) == "r":
            parts.append(plain_text(child))
    return "".join(parts)


def _looks(archive: zipfile.ZipFile) -> list[Look]:
    part = "xl/styles.xml"
    return looks(_whole(archive, part)) if part in archive.namelist() else []


def _since_1904(root: Element) -> bool:
    properties = (e for e in root.iter() if _tag(e) == "workbookPr")
    return any(e.get("date1904") in ("1", "true") for e in properties)


def _whole(archive: zipfile.ZipFile, part: str) -> Element:
    *_, root = _ended(archive, part)  # the last element to end is the outermost
    return root


def _elements(archive: zipfile.ZipFile, part: str, tag: str) -> Iterator[Element]:
    """Each element of that name as soon as it is whole; it is emptied afterwards."""
    for element in _ended(archive, part):
        if _tag(element) == tag:
            yield element
            element.clear()


def _ended(archive: zipfile.ZipFile, part: str) -> Iterator[Element]:
    parser: XMLPullParser[Element] = XMLPullParser(["end"])
    for block in _blocks(archive, part):
        parser.feed(block)
        for _, element in cast(Iterable[tuple[str, Element]], parser.read_events()):
            yield element


def _blocks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    if archive.getinfo(part).file_size > _MOST_BYTES:
        raise BadWorkbook(f"{part} is too large; save the sheet as CSV")
    with archive.open(part) as stream:
        start = stream.read(BLOCK)
        if b"<!DOCTYPE" in start:
            raise BadWorkbook(f"{part} declares a document type")
        yield start
        yield from _rest(stream)


def _rest(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _letters(column: int) -> str:
    letters = ""
    number = column + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
