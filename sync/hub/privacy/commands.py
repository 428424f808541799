"""`tongjie hub privacy`: what the county forgets, shows and erases of its readers."""

from __future__ import annotations

from pathlib import Path

import click

from sync.hub.county.audit import note
from sync.hub.county.patron_files import find
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, operator, reported
from sync.hub.privacy import runs
from sync.hub.privacy.consent_commands import consent
from sync.hub.privacy.disclosure import disclose, write_zip
from sync.hub.privacy.erase import erase
from sync.hub.privacy.purge import purge
from sync.hub.privacy.retention import retention_days, set_retention
from sync.hub.privacy.verify import Checked, verify_last


@click.group()
def privacy() -> None:
    """What is forgotten of readers, shown to them, and what they agreed to."""


@privacy.command("purge")
@click.option("--dry-run", is_flag=True, help="Count what is due, and leave it.")
@DATABASE
@JSON
def run_purge(database: str, *, dry_run: bool, as_json: bool) -> None:
    """Forget who had what came back long enough ago; once a day is right."""
    with reported(), county_of(database) as store:
        _print_run(purge(store, operator(), now(), dry_run=dry_run), as_json=as_json)


@privacy.command("verify")
@DATABASE
@JSON
def run_verify(database: str, *, as_json: bool) -> None:
    """Look for links that the last purge should have forgotten; 1 if there is one."""
    with reported(), county_of(database) as store, store.reading() as conn:
        checked = verify_last(conn, now())
    click.echo(as_line(checked) if as_json else _said(checked))
    if not checked.is_clean:
        raise SystemExit(1)


@privacy.command("proofs")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@DATABASE
@JSON
def proofs(database: str, limit: int, *, as_json: bool) -> None:
    """Print the latest purges and erasures, with how much they forgot."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for run in runs.runs(conn, limit):
            _print_run(run, as_json=as_json)


@privacy.command("retention")
@DATABASE
@JSON
def show_retention(database: str, *, as_json: bool) -> None:
    """Print how many days after its return a loan still names its reader."""
    with reported(), county_of(database) as store, store.reading() as conn:
        days = retention_days(conn)
    click.echo(as_line({"days": days}) if as_json else f"{days} days")


@privacy.command("set-retention")
@click.argument("days", type=int)
@DATABASE
def put_retention(days: int, database: str) -> None:
    """Set that number of days, from 0 to 365."""
    with reported(), county_of(database) as store, store.writing() as conn:
        set_retention(conn, days, operator(), now())


@privacy.command("export")
@click.argument("number")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Who asked for it, and how.")
@DATABASE
def export(number: str, file: Path, reason: str, database: str) -> None:
    """Write all that is held of a reader to a new ZIP file, for the reader."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        about = f"patron:{known.patron_ref}"
        note(conn, operator(), "patron.export", about, now(), reason=reason)
        with file.open("xb") as out:
            write_zip(disclose(conn, known), out)


@privacy.command("erase")
@click.argument("number")
@click.option("--yes", is_flag=True, help="Don't ask: it can't be undone.")
@DATABASE
@JSON
def erase_one(number: str, database: str, *, yes: bool, as_json: bool) -> None:
    """Erase a reader who has nothing open; what was lent stays, without them."""
    if not yes:
        click.confirm(f"Erase {number} for good?", abort=True)
    with reported(), county_of(database) as store, store.writing() as conn:
        run = erase(conn, find(conn, number), operator(), now())
    click.echo(as_line({"run": run}) if as_json else run)


privacy.add_command(consent)


def _print_run(run: runs.Run, *, as_json: bool) -> None:
    counts = " ".join(f"{name}:{number}" for name, number in run.forgotten.items())
    text = f"{run.run}\t{run.kind}\tuntil {run.cut_off:%Y-%m-%d}\t{counts}"
    click.echo(as_line(run) if as_json else text)


def _said(checked: Checked) -> str:
    links = " ".join(f"{name}:{number}" for name, number in checked.links.items())
    return f"until {checked.cut_off:%Y-%m-%d %H:%M}\t{links or 'no links'}"
