"""`tongjie hub import`: files of the county into the hub's database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from sqlalchemy.exc import OperationalError, ProgrammingError

from sync.hub.county.rulebook import NoRules
from sync.hub.importers.load import Order, import_items, import_patrons, import_sites
from sync.hub.importers.marc import Encoding
from sync.hub.importers.marc_load import NoSuchSite, import_marc
from sync.hub.importers.report import ImportReport
from sync.hub.importers.tables import BadTable
from sync.hub.store.database import BadDatabase, Database
from sync.hub.store.upgrade import check_schema

#: Rejections shown on a terminal; the rest is counted and stands in --rejects.
_SHOWN = 20

Run = Callable[[Database, Order], ImportReport]
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group("import")
def imports() -> None:
    """Take over CNMARC records and tables of sites, items and patrons.

    Bad records and rows are listed with their place and reason, everything else
    is taken. The exit code is 1 when anything was rejected.
    """


def _common(command: Command) -> Command:
    """Give a command the file and the options that all imports share."""
    for decorate in reversed(
        (
            click.argument(
                "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
            ),
            click.option(
                "--database",
                envvar="TONGJIE_HUB_DATABASE",
                required=True,
                metavar="URL",
                help="The hub's database, like sqlite:////srv/tongjie/hub.db.",
            ),
            click.option(
                "--encoding",
                type=click.Choice([encoding.value for encoding in Encoding]),
                default=Encoding.AUTO.value,
                show_default=True,
            ),
            click.option("--dry-run", is_flag=True, help="Report, write nothing."),
            click.option(
                "--rejects",
                type=click.Path(dir_okay=False, path_type=Path),
                help="Write what was rejected to this file, one JSON object a line.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Report as JSON."),
        )
    ):
        command = decorate(command)
    return command


@imports.command()
@_common
def sites(**options: Any) -> None:
    """Take sites.csv: hub, branches and points."""
    _run(import_sites, **options)


@imports.command()
@_common
def items(**options: Any) -> None:
    """Take items.csv: the copies of titles that are in the hub already."""
    _run(import_items, **options)


@imports.command()
@_common
def patrons(**options: Any) -> None:
    """Take patrons.csv: readers, their cards and codes."""
    _run(import_patrons, **options)


@imports.command()
@_common
@click.option(
    "--site",
    metavar="SITE",
    help="Where copies of field 905 go when their library is no site of the county.",
)
def marc(site: str | None, **options: Any) -> None:
    """Take titles from CNMARC records (ISO 2709), and copies from field 905."""
    _run(lambda database, order: import_marc(database, order, site), **options)


def _run(
    run: Run,
    *,
    file: Path,
    database: str,
    encoding: str,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    try:
        report = _with_progress(
            run, file, database, Encoding(encoding), dry_run=dry_run
        )
    except (BadTable, BadDatabase, NoRules, NoSuchSite) as err:
        raise click.ClickException(str(err)) from err
    except (OperationalError, ProgrammingError) as err:
        raise click.ClickException(f"{database}: {err.orig}") from err
    if rejects is not None:
        _write_rejects(rejects, report)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _print(report)
    if report.rejected:
        sys.exit(1)


def _with_progress(
    run: Run, file: Path, database: str, encoding: Encoding, *, dry_run: bool
) -> ImportReport:
    hub = Database(database)
    try:
        check_schema(hub)
        with click.progressbar(
            length=0,
            label=file.name,
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        ) as bar:

            def progress(done: int, total: int) -> None:
                bar.length = total
                bar.update(done)

            order = Order(file.name, file.read_bytes(), encoding, dry_run, progress)
            return run(hub, order)
    finally:
        hub.close()


def _write_rejects(path: Path, report: ImportReport) -> None:
    lines = [msgspec.json.encode(rejected) + b"\n" for rejected in report.rejected]
    path.write_bytes(b"".join(lines))


def _print(report: ImportReport) -> None:
    outcome = "would change" if report.dry_run else "changed"
    click.echo(
        f"{report.file}: {report.read} read, {report.taken} taken,"
        f" {report.changed} {outcome}, {len(report.rejected)} rejected"
    )
    if report.items:
        click.echo(f"copies from field 905: {report.items} {outcome}")
    for remark in report.remarks[:_SHOWN]:
        click.echo(f"note: {remark}")
    for rejected in report.rejected[:_SHOWN]:
        click.echo(f"rejected: {rejected}")
    hidden = len(report.rejected) - _SHOWN
    if hidden > 0:
        click.echo(f"… and {hidden} more; --rejects FILE lists them all")
