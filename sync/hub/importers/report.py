"""What became of an import: figures, and every rejection with its place and reason."""

from __future__ import annotations

import msgspec


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
    """`read` is `taken` plus rejected; `changed` of those taken were new or different."""

    file: str
    read: int
    taken: int
    changed: int
    items: int = 0
    dry_run: bool = False
    rejected: tuple[Rejected, ...] = ()
    remarks: tuple[Remark, ...] = ()
