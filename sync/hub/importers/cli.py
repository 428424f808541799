"""`tongjie hub import`: files of the county into the hub's database, and back."""

from __future__ import annotations

import sys
from typing import Any

import click

from sync.hub.importers.command import SHOWN, of_file, of_table, print_hidden, take
from sync.hub.importers.consent_load import import_consent_texts, import_consents
from sync.hub.importers.journal import runs
from sync.hub.importers.ledger_load import import_ledger
from sync.hub.importers.load import (
    import_items,
    import_sites,
    import_titles,
)
from sync.hub.importers.mapped import Format
from sync.hub.importers.marc_load import import_marc
from sync.hub.importers.part_load import import_parts
from sync.hub.importers.patron_load import import_patrons
from sync.hub.importers.undo import Undone, undo
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, operator, reported


@click.group("import")
def imports() -> None:
    """Take over MARC records and tables of sites, titles, items, patrons and consents.

    Bad records and rows are listed with their place and reason, everything else
    is taken. The exit code is 1 when anything was rejected. Every import is a run
    that `undo` takes back.
    """


@imports.command()
@of_table
def sites(**options: Any) -> None:
    """Take a table of sites (CSV or XLSX): hub, branches and points."""
    take(import_sites, **options)


@imports.command()
@of_table
def titles(**options: Any) -> None:
    """Take a table of titles (CSV or XLSX)."""
    take(import_titles, **options)


@imports.command()
@of_table
def items(**options: Any) -> None:
    """Take a table of copies (CSV or XLSX) of titles that are in the hub already."""
    take(import_items, **options)


@imports.command()
@of_table
def patrons(**options: Any) -> None:
    """Take a table of readers (CSV or XLSX), their cards and codes."""
    take(import_patrons, **options)


@imports.command("item-parts")
@of_table
def item_parts(**options: Any) -> None:
    """Take a table of what sets consist of, once their copies are in the hub."""
    take(import_parts, **options)


@imports.command("consent-texts")
@of_table
def consent_texts(**options: Any) -> None:
    """Take a table of the texts that readers are asked to agree to."""
    take(import_consent_texts, **options)


@imports.command()
@of_table
def consents(**options: Any) -> None:
    """Take a table of what readers agreed to and withdrew."""
    take(import_consents, **options)


@imports.command()
@of_table
@click.option("--site", required=True, help="The point whose ledger this is.")
@click.option(
    "--prefix",
    default="",
    help="Letters before the barcodes that are made for copies without one.",
)
def ledger(site: str, prefix: str, **options: Any) -> None:
    """Take the ledger of a rural bookroom (农家书屋): its titles and copies."""
    take(
        lambda database, order: import_ledger(database, order, site, prefix), **options
    )


@imports.command()
@of_file
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
    take(
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
def undotake(run: str, database: str, *, as_json: bool) -> None:
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
    for kept in done.kept[:SHOWN]:
        click.echo(f"left: {kept}")
    print_hidden(done.kept_total, "--json lists the first thousand")
