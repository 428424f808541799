"""Everything the county has, as files that any program can read.

A manifest comes last: a folder without one was not finished.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from sync.hub.county import export_marc
from sync.hub.county.export_readme import readme
from sync.hub.county.export_tables import ExportedTable, Row, exported, left_out, rows
from sync.hub.county.workbook import write_workbook
from sync.hub.refusal import Refusal


class NotEmpty(Refusal, ValueError):
    """The folder has something in it; an export never mixes with another one."""


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: whose rows are in it, and how to tell that it is whole."""

    file: str
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds. `left_out`: tables that are not in it, and why.

    `copies_left_out`: those beyond what a MARC record can hold; the tables have them.
    """

    format: int
    made_at: dt.datetime
    made_by: str
    with_readers: bool
    files: tuple[ExportedFile, ...]
    left_out: dict[str, str]
    copies_left_out: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be exported. `excel`: CSV files begin with the mark Excel looks for."""

    folder: Path
    made_by: str
    readers: bool = False
    excel: bool = False
    workbooks: bool = False
    progress: Callable[[str], None] = lambda _file: None


def export_all(conn: Connection, wish: Wish, now: dt.datetime) -> Manifest:
    """Write all files of one view of the database. Raises NotEmpty, OSError."""
    wish.folder.mkdir(parents=True, exist_ok=True)
    if any(wish.folder.iterdir()):
        raise NotEmpty(f"{wish.folder} is not empty")
    files = list[ExportedFile]()
    for table in exported(readers=wish.readers):
        files += _table(conn, table, wish)
        wish.progress(table.name)
    marc, beyond = _marc(conn, wish)
    manifest = Manifest(
        format=1,
        made_at=now,
        made_by=wish.made_by,
        with_readers=wish.readers,
        files=(*files, *marc),
        left_out=left_out(readers=wish.readers),
        copies_left_out=beyond,
    )
    text = readme(exported(readers=wish.readers), now)
    (wish.folder / "README.md").write_text(text, encoding="utf-8")
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (wish.folder / "manifest.json").write_bytes(content + b"\n")
    return manifest


def _table(conn: Connection, what: ExportedTable, wish: Wish) -> Iterator[ExportedFile]:
    table, lines = wish.folder / f"{what.name}.csv", wish.folder / f"{what.name}.jsonl"
    count = 0
    encoding = "utf-8-sig" if wish.excel else "utf-8"
    with (
        table.open("w", encoding=encoding, newline="") as flat,
        lines.open("wb") as deep,
    ):
        writer = csv.writer(flat)
        writer.writerow(what.columns)
        for row in rows(conn, what):
            writer.writerow(_cells(row))
            deep.write(msgspec.json.encode(row) + b"\n")
            count += 1
    yield _file(table, count, what.columns)
    yield _file(lines, count, what.columns)
    if wish.workbooks:
        book = wish.folder / f"{what.name}.xlsx"
        write_workbook(book, what.columns, (_cells(row) for row in rows(conn, what)))
        yield _file(book, count, what.columns)


def _marc(conn: Connection, wish: Wish) -> tuple[list[ExportedFile], int]:
    paths = {name: wish.folder / f"titles-{name}.mrc" for name in export_marc.FORMS}
    count = beyond = 0
    with ExitStack() as stack:
        files = {n: stack.enter_context(path.open("wb")) for n, path in paths.items()}
        for each in export_marc.catalogue(conn):
            for name, form in export_marc.FORMS.items():
                files[name].write(form(each))
            count += 1
            beyond += max(0, len(each.items) - export_marc.MOST_COPIES)
    return [_file(path, count) for path in paths.values()], beyond


def _file(path: Path, count: int, columns: Sequence[str] = ()) -> ExportedFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ExportedFile(
        file=path.name,
        rows=count,
        bytes=path.stat().st_size,
        sha256=digest,
        columns=tuple(columns),
    )


def _cells(row: Row) -> list[str]:
    return [_cell(value) for value in row.values()]


def _cell(value: object) -> str:
    """As the imports read it: 1 or 0, 2026-07-03, UTC with a Z; nothing for NULL."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return value
    return "" if value is None else str(msgspec.to_builtins(value))
