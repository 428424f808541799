"""Rows of CSV files as counties write them: any of three encodings and delimiters.

One line is one row. Only a cell in quotation marks may hold line ends, and a mark
that is left open costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sync.hub.importers.marc import Encoding, detect
from sync.hub.importers.report import Rejected
from sync.hub.importers.source import Content, blocks

#: What a reader of rows yields: the line and its trimmed cells, or why there are none.
RawRow = tuple[int, Sequence[str]] | Rejected

_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_MARK = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t"
#: Lines that the cells of one row may take at most, unless it is a table of texts.
LINES_A_ROW = 10


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is written. `width`: cells of its first row."""

    encoding: Encoding
    delimiter: str
    width: int


def csv_rows(
    content: Content,
    encoding: Encoding = Encoding.AUTO,
    lines_a_row: int = LINES_A_ROW,
) -> Iterator[RawRow]:
    """Every line that is not blank, or its rejection; the first one sets the pattern.

    Raises UnicodeDecodeError if not even that one can be read.
    """
    if encoding is Encoding.AUTO:
        encoding = _detect(content)
    lines = enumerate(_lines(content), start=1)
    ahead = deque(islice(lines, lines_a_row))
    dialect = _dialect(ahead, encoding)
    while ahead:
        number, _ = ahead[0]
        used, row = _row(number, [line for _, line in ahead], dialect)
        for _ in range(used):
            ahead.popleft()
        ahead.extend(islice(lines, used))
        if isinstance(row, Rejected) or any(row):
            yield row if isinstance(row, Rejected) else (number, row)


def _detect(content: Content) -> Encoding:
    """Look at the first part of the file that has more than ASCII."""
    for block in blocks(content):
        if not block.isascii():
            return detect(block)
    return Encoding.UTF_8


def _lines(content: Content) -> Iterator[bytes]:
    start = len(_MARK) if content[: len(_MARK)] == _MARK else 0
    while start < len(content):
        found = _LINE.match(content, start)
        if found is None:  # the pattern also matches nothing at all
            return
        yield found[1]
        start = found.end()


def _dialect(lines: Sequence[tuple[int, bytes]], encoding: Encoding) -> Dialect:
    first = next((line for _, line in lines if line.strip()), b"").decode(encoding)
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        width = len(_split(first, delimiter))
    except csv.Error:
        width = first.count(delimiter) + 1
    return Dialect(encoding, delimiter, width)


def _row(
    number: int, lines: Sequence[bytes], dialect: Dialect
) -> tuple[int, list[str] | Rejected]:
    """How many lines the row takes, and its cells."""
    reason = ""
    for used in range(1, len(lines) + 1):
        try:
            text = b"\n".join(lines[:used]).decode(dialect.encoding)
            cells = [cell.strip() for cell in _split(text, dialect.delimiter)]
        except UnicodeDecodeError as err:
            reason = reason or _wrong_byte(err, dialect.encoding)
            break
        except csv.Error as err:
            reason = reason or str(err)
        else:
            if used == 1 or len(cells) == dialect.width:
                return used, cells
    return 1, Rejected(number=number, reason=reason)


def _split(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _wrong_byte(err: UnicodeDecodeError, encoding: Encoding) -> str:
    shown = err.object[err.start : err.end].hex().upper()
    return f"byte {shown} at {err.start} is not {encoding}"
