"""`tongjie hub import`: files of the county into the hub's database, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from sync.hub.importers.consent_load import import_consent_texts, import_consents
from sync.hub.importers.journal import runs
from sync.hub.importers.ledger_load import import_ledger
from sync.hub.importers.load import (
    import_items,
    import_sites,
    import_titles,
)
from sync.hub.importers.mapped import Format
from sync.hub.importers.marc import Encoding
from sync.hub.importers.marc_load import import_marc
from sync.hub.importers.part_load import import_parts
from sync.hub.importers.patron_load import import_patrons
from sync.hub.importers.report import ImportReport, Rejected, reject_file
from sync.hub.importers.run import Order
from sync.hub.importers.source import mapped
from sync.hub.importers.tables import Layout
from sync.hub.importers.undo import Undone, undo
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, operator, reported
from sync.hub.store.database import Database

#: Rejections shown on a terminal; the rest is counted and stands in --rejects.
_SHOWN = 20

Run = Callable[[Database, Order], ImportReport]
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group("import")
def imports() -> None:
    """Take over MARC records and tables of sites, titles, items and patrons.

    Bad records and rows are listed with their place and reason, everything else
    is taken. The exit code is 1 when anything was rejected. Every import is a run
    that `undo` takes back.
    """


def _decorated(command: Command, *options: Callable[[Command], Command]) -> Command:
    for decorate in reversed(options):
        command = decorate(command)
    return command


def _common(command: Command) -> Command:
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


def _of_table(command: Command) -> Command:
    """Give a command what says where its columns stand."""
    return _decorated(
        _common(command),
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


@imports.command()
@_of_table
def sites(**options: Any) -> None:
    """Take a table of sites (CSV or XLSX): hub, branches and points."""
    _run(import_sites, **options)


@imports.command()
@_of_table
def titles(**options: Any) -> None:
    """Take a table of titles (CSV or XLSX)."""
    _run(import_titles, **options)


@imports.command()
@_of_table
def items(**options: Any) -> None:
    """Take a table of copies (CSV or XLSX) of titles that are in the hub already."""
    _run(import_items, **options)


@imports.command()
@_of_table
def patrons(**options: Any) -> None:
    """Take a table of readers (CSV or XLSX), their cards and codes."""
    _run(import_patrons, **options)


@imports.command("item-parts")
@_of_table
def item_parts(**options: Any) -> None:
    """Take a table of what sets consist of, once their copies are in the hub."""
    _run(import_parts, **options)


@imports.command("consent-texts")
@_of_table
def consent_texts(**options: Any) -> None:
    """Take a table of the texts that readers are asked to agree to."""
    _run(import_consent_texts, **options)


@imports.command()
@_of_table
def consents(**options: Any) -> None:
    """Take a table of what readers agreed to and withdrew."""
    _run(import_consents, **options)


@imports.command()
@_of_table
@click.option("--site", required=True, help="The point whose ledger this is.")
@click.option(
    "--prefix",
    default="",
    help="Letters before the barcodes that are made for copies without one.",
)
def ledger(site: str, prefix: str, **options: Any) -> None:
    """Take the ledger of a rural bookroom (农家书屋): its titles and copies."""
    _run(
        lambda database, order: import_ledger(database, order, site, prefix), **options
    )


@imports.command()
@_common
@click.option(
    "--site",
    metavar="SITE",
    help="Where copies go whose library is no site of the county.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.AUTO.value,
    show_default=True,
)
def marc(site: str | None, form: str, **options: Any) -> None:
    """Take titles and copies from CNMARC or MARC21 records (ISO 2709)."""
    _run(
        lambda database, order: import_marc(database, order, site, Format(form)),
        **options,
    )


@imports.command("runs")
@DATABASE
@JSON
def list_runs(database: str, *, as_json: bool) -> None:
    """List the imports so far, the newest first."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for line in runs(conn):
            state = (
                "undone" if line.undone_at else "done" if line.ended_at else "cut off"
            )
            words = f"{line.run}  {line.kind}  {line.file}  {state}"
            click.echo(as_line(line) if as_json else f"{words}, {line.left} changes")


@imports.command("undo")
@click.argument("run")
@DATABASE
@JSON
def undo_run(run: str, database: str, *, as_json: bool) -> None:
    """Take an import back: rows it made go, rows it changed become what they were.

    What is in use by now or was changed since stays and is listed; the exit code is
    then 1. Doing it again tries what is left.
    """
    with reported(), county_of(database) as store:
        done = undo(store, run, operator(), now())
    if as_json:
        click.echo(as_line(done))
    else:
        _print_undone(done)
    if done.kept_total:
        sys.exit(1)


def _print_undone(done: Undone) -> None:
    click.echo(
        f"{done.run}: {done.withdrawn} withdrawn, {done.restored} restored,"
        f" {done.kept_total} left as they are"
    )
    for kept in done.kept[:_SHOWN]:
        click.echo(f"left: {kept}")
    _print_hidden(done.kept_total, "--json lists the first thousand")


def _run(
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
    for remark in report.remarks[:_SHOWN]:
        click.echo(f"note: {remark}")
    for rejected in report.rejected[:_SHOWN]:
        click.echo(f"rejected: {rejected}")
    _print_hidden(report.rejected_total, "--rejects FILE lists them all")


def _print_hidden(total: int, where: str) -> None:
    if total > _SHOWN:
        click.echo(f"… and {total - _SHOWN} more; {where}")
