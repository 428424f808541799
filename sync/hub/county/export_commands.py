"""`tongjie hub export`: lines for people and programs, or everything as files."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from sync.hub.county import audit
from sync.hub.county.export import event_lines, item_lines, loan_lines
from sync.hub.county.export_all import Manifest, Wish, export_all
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)
from sync.hub.store.database import Database

_LINES = {"items": item_lines, "loans": loan_lines, "events": event_lines}


@click.command()
@click.argument("what", type=click.Choice([*_LINES, "all"]))
@DATABASE
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Of all: the folder to write, empty or new.",
)
@click.option("--with-readers", is_flag=True, help="Of all: what tells of readers too.")
@click.option("--excel", is_flag=True, help="Of all: mark the CSV files for Excel.")
@click.option("--xlsx", is_flag=True, help="Of all: each table as a workbook as well.")
@JSON
def export(
    what: str,
    database: str,
    folder: Path | None,
    *,
    with_readers: bool,
    excel: bool,
    xlsx: bool,
    as_json: bool,
) -> None:
    """Print all items, loans or events; or write all there is to a folder.

    Without --json lines are tab-separated text. "all" writes CSV, JSON Lines, CNMARC
    and MARC21 files and a manifest; readers' data only with --with-readers, and the
    audit log then says who took it.
    """
    if (what == "all") != (folder is not None):
        raise click.UsageError("--to FOLDER goes with `all`, and only with it")
    with reported(), county_of(database) as store:
        if folder is None:
            _print_lines(store, what, as_json=as_json)
            return
        who = operator().name
        wish = Wish(folder, who, with_readers, excel, xlsx, _say)
        manifest = _write(store, wish)
    if as_json:
        click.echo(as_line(manifest))
    else:
        click.echo(f"{folder}: {len(manifest.files)} files")


def _print_lines(store: Database, what: str, *, as_json: bool) -> None:
    with store.reading() as conn:
        for line in _LINES[what](conn):
            click.echo(as_line(line) if as_json else _tabbed(line))


def _write(store: Database, wish: Wish) -> Manifest:
    """Readers' data leaves only after the log has been told."""
    moment = now()
    if wish.readers:
        with store.writing() as conn:
            audit.note(conn, operator(), "export.readers", "export:all", moment)
    with store.reading() as conn:
        return export_all(conn, wish, moment)


def _say(file: str) -> None:
    if sys.stderr.isatty():
        click.echo(file, err=True)


def _tabbed(line: msgspec.Struct) -> str:
    values = msgspec.json.decode(msgspec.json.encode(line)).values()
    return "\t".join(
        value if isinstance(value, str) else as_line(value) for value in values
    )
