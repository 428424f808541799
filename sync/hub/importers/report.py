"""What became of an import: figures, and every rejection with its place and reason."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

import msgspec

#: Rejections and remarks that a report holds; the rest is counted, and all of them
#: go to the file of rejects.
KEPT = 1000
#: How that file is headed as a table; the Chinese is for whoever opens it in Excel.
_HEADINGS = ("line 行/记录", "byte 字节", "field 字段", "value 值", "reason 原因")


class Rejected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record or row that was not taken.

    `number` counts the records of a MARC file from 1, or names the line of a table.
    `offset` is the record's place in bytes; `column` and `value` name a table's cell.
    """

    number: int
    reason: str
    offset: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        if self.offset is not None:
            return f"record {self.number} at byte {self.offset}: {self.reason}"
        if self.column is None:
            return f"line {self.number}: {self.reason}"
        return f"line {self.number}, {self.column} {self.value!r}: {self.reason}"


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was mended in, or left out of, a record that was taken."""

    number: int
    text: str

    def __str__(self) -> str:
        return f"no. {self.number}: {self.text}"


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """`read` is `taken` plus rejected; `changed` of those taken were new or different.

    `run` undoes it; a dry run has none. `rejected` and `remarks` are the first ones,
    the totals count all.
    """

    file: str
    read: int
    taken: int
    changed: int
    items: int = 0
    dry_run: bool = False
    run: str = ""
    rejected: tuple[Rejected, ...] = ()
    rejected_total: int = 0
    remarks: tuple[Remark, ...] = ()
    remarks_total: int = 0


Sink = Callable[[Rejected], None]
_Line = TypeVar("_Line")


@dataclass
class Tally:
    """Counts while an import goes on; `sink` gets every rejection as it happens."""

    file: str
    sink: Sink = lambda _rejected: None
    taken: int = 0
    changed: int = 0
    items: int = 0
    rejected_total: int = 0
    remarks_total: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    _untold: list[Rejected] = field(default_factory=list)

    def reject(self, rejected: Rejected) -> None:
        """Count it; it is told at the end of its chunk, in the order of the file."""
        self.rejected_total += 1
        self._untold.append(rejected)

    def tell(self) -> None:
        """Hand over what was rejected since the last time."""
        for rejected in sorted(self._untold, key=lambda each: each.number):
            self.sink(rejected)
            _keep(self.rejected, rejected)
        self._untold.clear()

    def remark(self, number: int, text: str) -> None:
        self.remarks_total += 1
        _keep(self.remarks, Remark(number=number, text=text))

    def report(self, run: str, *, dry_run: bool) -> ImportReport:
        return ImportReport(
            file=self.file,
            read=self.taken + self.rejected_total,
            taken=self.taken,
            changed=self.changed,
            items=self.items,
            dry_run=dry_run,
            run=run,
            rejected=tuple(self.rejected),
            rejected_total=self.rejected_total,
            remarks=tuple(self.remarks),
            remarks_total=self.remarks_total,
        )


def reject_file(path: Path, file: IO[str]) -> Sink:
    """Write rejections to an open file: as a table if its name ends in .csv, else JSON."""
    if path.suffix.lower() != ".csv":
        return lambda rejected: print_line(file, rejected)
    table = csv.writer(file)
    table.writerow(_HEADINGS)

    def row(each: Rejected) -> None:
        cells = (each.number, each.offset, each.column, each.value, each.reason)
        table.writerow(["" if cell is None else cell for cell in cells])

    return row


def print_line(file: IO[str], value: object) -> None:
    """One JSON object a line."""
    file.write(msgspec.json.encode(value).decode() + "\n")


def _keep(kept: list[_Line], line: _Line) -> None:
    if len(kept) < KEPT:
        kept.append(line)
