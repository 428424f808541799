"""Tables as counties write them: CSV or XLSX, headings zh or en, below a title or not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from sync.hub.importers.csv_rows import LINES_A_ROW, RawRow, csv_rows
from sync.hub.importers.marc import Encoding
from sync.hub.importers.report import Rejected
from sync.hub.importers.source import Content
from sync.hub.importers.xlsx import BadWorkbook, open_sheet
from sync.hub.refusal import Refusal

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
#: The heading is one of the first rows; what stands above it is the table's title.
_ROWS_TO_HEADING = 10


class BadTable(Refusal, ValueError):
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
    """A column by its name and Chinese heading; either, or one of `also`, may stand."""

    name: str
    heading: str
    required: bool = True
    also: tuple[str, ...] = ()

    @property
    def headings(self) -> set[str]:
        return {_plain(word) for word in (self.name, self.heading, *self.also)}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a county says of its file.

    `headings`: under which heading a column stands. `values`: what to take where a
    row has nothing under that column, or where the file has no such column at all.
    """

    headings: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; cells are trimmed, a column that the file does not have is ""."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose heading is right; `rows` are read as they are asked for.

    `unused` are headings that nothing reads, `other_sheets` those left alone.
    """

    rows: Iterator[Row | Rejected]
    columns: frozenset[str]
    unused: tuple[str, ...]
    other_sheets: tuple[str, ...] = ()


def read_table(
    content: Content,
    columns: Sequence[Column],
    file: str,
    encoding: Encoding = Encoding.AUTO,
    layout: Layout | None = None,
    lines_a_row: int = LINES_A_ROW,
) -> Table:
    """Open a file. Raises BadTable for a missing column or a file that is no table."""
    layout = layout or Layout()
    rows, others = _open(content, file, encoding, layout.sheet, lines_a_row)
    try:
        return _table(rows, others, _mapped(columns, layout, file), layout, file)
    except (BadWorkbook, UnicodeDecodeError) as err:
        raise BadTable(f"{file}: the heading can't be read: {err}") from err


def _table(
    rows: Iterator[RawRow],
    others: tuple[str, ...],
    columns: Sequence[Column],
    layout: Layout,
    file: str,
) -> Table:
    headings, names, rest = _heading(rows, columns, layout.values, file)
    unused = (h for h, name in zip(headings, names, strict=True) if h and not name)
    known = frozenset(name for name in names if name)
    read = _rows(rest, names, layout.values)
    return Table(read, known, tuple(unused), others)


def _open(
    content: Content, file: str, encoding: Encoding, sheet: str, lines_a_row: int
) -> tuple[Iterator[RawRow], tuple[str, ...]]:
    start = content[: len(_ZIP)]
    if not start:
        raise BadTable(f"{file}: the file is empty")
    if start.startswith(_UTF_16_MARKS):
        raise BadTable(f"{file}: the file is UTF-16; save it as CSV in UTF-8")
    if start == _OLD_EXCEL:
        raise BadTable(f"{file}: old or locked Excel file; save it as .xlsx or CSV")
    if start != _ZIP:
        return csv_rows(content, encoding, lines_a_row), ()
    try:
        opened = open_sheet(content, sheet)
    except BadWorkbook as err:
        raise BadTable(f"{file}: {err}") from err
    return opened.rows, opened.others


def _mapped(columns: Sequence[Column], layout: Layout, file: str) -> list[Column]:
    """The columns under the headings that the county named."""
    names = [column.name for column in columns]
    for name in (*layout.headings, *layout.values):
        if name not in names:
            known = ", ".join(names)
            raise BadTable(f"{file}: there is no column {name!r}; there are: {known}")
    return [
        Column(c.name, layout.headings[c.name], c.required)
        if c.name in layout.headings
        else c
        for c in columns
    ]


def _heading(
    rows: Iterator[RawRow],
    columns: Sequence[Column],
    given: Mapping[str, str],
    file: str,
) -> tuple[list[str], list[str | None], Iterator[RawRow]]:
    """The heading, the column under each of its cells, and the rows below."""
    first = list(islice(rows, _ROWS_TO_HEADING))
    if not first:
        raise BadTable(f"{file}: the file is empty")
    known = {heading: c.name for c in columns for heading in c.headings}
    for place, row in enumerate(first):
        if isinstance(row, Rejected):
            continue
        headings = list(row[1])
        names = [known.get(_plain(heading)) for heading in headings]
        if sum(name is not None for name in names) > 1:
            _check(names, headings, columns, given, file)
            return headings, names, chain(first[place + 1 :], rows)
    readable = next(
        (list(row[1]) for row in first if not isinstance(row, Rejected)), []
    )
    _check([known.get(_plain(h)) for h in readable], readable, columns, given, file)
    raise BadTable(f"{file}: there is no heading in the first rows")


def _check(
    names: Sequence[str | None],
    headings: Sequence[str],
    columns: Sequence[Column],
    given: Mapping[str, str],
    file: str,
) -> None:
    for column in columns:
        if names.count(column.name) > 1:
            raise BadTable(f"{file}: two columns are called {column.name}")
        if column.required and column.name not in (*names, *given):
            found = ", ".join(heading for heading in headings if heading)
            raise BadTable(
                f"{file}: column {column.name} ({column.heading}) is missing;"
                f" found: {found}"
            )


def _rows(
    rows: Iterator[RawRow], names: Sequence[str | None], given: Mapping[str, str]
) -> Iterator[Row | Rejected]:
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        line, cells = row
        if len(cells) < len(names) or any(cells[len(names) :]):
            reason = f"{len(cells)} cells, the heading has {len(names)}"
            yield Rejected(number=line, reason=reason)
            continue
        named = {n: cell for n, cell in zip(names, cells, strict=False) if n and cell}
        yield Row(line, {**given, **named})


def _plain(heading: str) -> str:
    """A heading without what people put around and between its signs."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    return "".join(plain.split()).strip("*:")
