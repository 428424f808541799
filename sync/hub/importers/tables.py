"""CSV tables as counties write them: any of three encodings, headings zh or en.

One line is one row: a quotation mark that is left open costs its own line only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.hub.importers.marc import Encoding, detect
from sync.hub.importers.report import Rejected

_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"


class BadTable(ValueError):
    """The whole file can't be used; the text names file and column."""


class BadCell(ValueError):
    """One cell can't be used; its row is rejected."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(f"{column} {value!r}: {reason}")
        self.column = column
        self.value = value
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name and its Chinese heading; either may stand in a file."""

    name: str
    heading: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row; cells are trimmed, a column that the file does not have is ""."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose heading is right. `unused` are headings that nothing reads."""

    rows: tuple[Row | Rejected, ...]
    unused: tuple[str, ...]


def read_table(
    content: bytes,
    columns: Sequence[Column],
    file: str,
    encoding: Encoding = Encoding.AUTO,
) -> Table:
    """Read a file. Raises BadTable for a missing column or a file that is no table."""
    if content.startswith(_UTF_16_MARKS):
        raise BadTable(f"{file}: the file is UTF-16; save it as CSV in UTF-8")
    if encoding is Encoding.AUTO:
        encoding = detect(content)
    lines = content.removeprefix(_UTF_8_MARK).splitlines()
    header = _header(lines, file, encoding)
    delimiter = max(_DELIMITERS, key=header.count)
    headings = [name.strip() for name in _split(header, delimiter)]
    names = _names(headings, columns, file)
    rows = _rows(lines[1:], names, delimiter, encoding)
    unused = [h for h, name in zip(headings, names, strict=True) if h and not name]
    return Table(tuple(rows), tuple(unused))


def _header(lines: Sequence[bytes], file: str, encoding: Encoding) -> str:
    if not lines:
        raise BadTable(f"{file}: the file is empty")
    try:
        return lines[0].decode(encoding)
    except UnicodeDecodeError as err:
        raise BadTable(f"{file}: the heading is not {encoding}") from err


def _names(
    headings: Sequence[str], columns: Sequence[Column], file: str
) -> list[str | None]:
    """Name the column under each heading, None where nothing reads it."""
    known = {c.name: c.name for c in columns} | {c.heading: c.name for c in columns}
    names = [known.get(heading) or known.get(heading.lower()) for heading in headings]
    for column in columns:
        if names.count(column.name) > 1:
            raise BadTable(f"{file}: two columns are called {column.name}")
        if column.required and column.name not in names:
            found = ", ".join(headings)
            raise BadTable(
                f"{file}: column {column.name} ({column.heading}) is missing;"
                f" found: {found}"
            )
    return names


def _rows(
    lines: Sequence[bytes],
    names: Sequence[str | None],
    delimiter: str,
    encoding: Encoding,
) -> Iterator[Row | Rejected]:
    for number, line in enumerate(lines, start=2):
        try:
            cells = _cells(line.decode(encoding), delimiter, len(names))
        except (ValueError, csv.Error) as err:
            reason = _reason(err, encoding)
            yield Rejected(number=number, reason=reason)
            continue
        if any(cells):
            yield Row(number, _named(names, cells))


def _named(names: Sequence[str | None], cells: Sequence[str]) -> dict[str, str]:
    return {n: cell for n, cell in zip(names, cells, strict=True) if n is not None}


def _cells(text: str, delimiter: str, width: int) -> list[str]:
    cells = [cell.strip() for cell in _split(text, delimiter)]
    if not any(cells):
        return []
    if len(cells) < width or any(cells[width:]):
        raise ValueError(f"{len(cells)} cells, the heading has {width}")
    return cells[:width]


def _split(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _reason(err: Exception, encoding: Encoding) -> str:
    if isinstance(err, UnicodeDecodeError):
        shown = err.object[err.start : err.end].hex().upper()
        return f"byte {shown} at {err.start} is not {encoding}"
    return str(err)
