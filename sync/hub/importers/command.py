"""What all of `tongjie hub import` have in common: options, progress and report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from sync.hub.importers.marc import Encoding
from sync.hub.importers.report import ImportReport, Rejected, reject_file
from sync.hub.importers.run import Order
from sync.hub.importers.source import mapped
from sync.hub.importers.tables import Layout
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, operator, reported
from sync.hub.store.database import Database

#: Rejections shown on a terminal; the rest is counted and stands in --rejects.
SHOWN = 20

Run = Callable[[Database, Order], ImportReport]
Command = TypeVar("Command", bound=Callable[..., Any])


def _decorated(command: Command, *options: Callable[[Command], Command]) -> Command:
    for decorate in reversed(options):
        command = decorate(command)
    return command


def of_file(command: Command) -> Command:
    """Give a command the file and the options that all imports share."""
    return _decorated(
        command,
        click.argument(
            "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
        ),
        DATABASE,
        click.option(
            "--encoding",
            type=click.Choice([encoding.value for encoding in Encoding]),
            default=Encoding.AUTO.value,
            show_default=True,
        ),
        click.option(
            "--dry-run",
            is_flag=True,
            help="Do all of it and roll it back: report only.",
        ),
        click.option(
            "--rejects",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Write what was rejected to this file: a table if it ends in .csv,"
            " else one JSON object a line.",
        ),
        JSON,
    )


def of_table(command: Command) -> Command:
    """Give a command what says where its columns stand."""
    return _decorated(
        of_file(command),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="NAME=HEADING",
            help="Column NAME stands under HEADING in this file.",
        ),
        click.option(
            "--value",
            "values",
            multiple=True,
            metavar="NAME=VALUE",
            help="Take VALUE where a row has nothing under column NAME.",
        ),
        click.option(
            "--sheet", default="", help="Of a workbook, instead of the first."
        ),
    )


def take(
    run: Run,
    *,
    file: Path,
    database: str,
    rejects: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    with reported(), county_of(database) as store, _rejects(rejects) as sink:
        report = _with_progress(run, store, file, sink, **options)
    if as_json:
        click.echo(as_line(report))
    else:
        _print(report)
    if report.rejected_total:
        sys.exit(1)


@contextmanager
def _rejects(path: Path | None) -> Iterator[Callable[[Rejected], None]]:
    if path is None:
        yield lambda _rejected: None
        return
    # Excel takes a table for UTF-8 only if it begins with the mark.
    encoding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"
    with path.open("w", encoding=encoding, newline="") as file:
        yield reject_file(path, file)


def _with_progress(
    run: Run,
    store: Database,
    file: Path,
    sink: Callable[[Rejected], None],
    *,
    encoding: str,
    dry_run: bool,
    columns: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    sheet: str = "",
) -> ImportReport:
    layout = Layout(_pairs(columns), _pairs(values), sheet)
    bar = click.progressbar(
        length=0, label=file.name, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
    with mapped(file) as content, bar:

        def progress(done: int, total: int) -> None:
            bar.length = total or None
            bar.update(done)

        order = Order(
            file.name,
            content,
            operator(),
            now,
            Encoding(encoding),
            dry_run,
            layout,
            progress,
            sink,
        )
        return run(store, order)


def _pairs(words: tuple[str, ...]) -> Mapping[str, str]:
    pairs = [word.partition("=") for word in words]
    for name, mark, _ in pairs:
        if not (name and mark):
            raise click.UsageError(f"{name!r} is not NAME=…")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _print(report: ImportReport) -> None:
    outcome = "would change" if report.dry_run else "changed"
    click.echo(
        f"{report.file}: {report.read} read, {report.taken} taken,"
        f" {report.changed} {outcome}, {report.rejected_total} rejected"
    )
    if report.items:
        click.echo(f"copies named in it: {report.items} {outcome}")
    if report.run:
        click.echo(f"run {report.run}: `tongjie hub import undo` takes it back")
    for remark in report.remarks[:SHOWN]:
        click.echo(f"note: {remark}")
    for rejected in report.rejected[:SHOWN]:
        click.echo(f"rejected: {rejected}")
    print_hidden(report.rejected_total, "--rejects FILE lists them all")


def print_hidden(total: int, where: str) -> None:
    if total > SHOWN:
        click.echo(f"… and {total - SHOWN} more; {where}")
