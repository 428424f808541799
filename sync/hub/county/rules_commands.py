"""`tongjie hub rules`: see the county's rules, check a file, put a new version in force."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from kiosk.domain.rules import Rules
from sync.hub.county.audit import note
from sync.hub.county.rule_faults import BadRules, Fault
from sync.hub.county.rule_file import as_file
from sync.hub.county.rulebook import checked, put_next, rules_of, versions
from sync.hub.options import (
    DATABASE,
    JSON,
    KEY,
    as_line,
    county_of,
    now,
    operator,
    place_of_key,
    reported,
)
from sync.keys import load_key

_FILE = click.argument("file", type=click.File("rb"))


@click.group()
def rules() -> None:
    """Who may borrow what, for how long, and when sites are closed."""


@rules.command("show")
@DATABASE
@click.option("--version", type=int, help="One of the older versions.")
@JSON
def show(database: str, version: int | None, *, as_json: bool) -> None:
    """Print the rules in force as the file that `put` takes."""
    with reported(), county_of(database) as store, store.reading() as conn:
        known = versions(conn)
        wanted = known[-1].version if version is None else version
        if wanted not in {one.version for one in known}:
            raise click.ClickException(f"there is no version {wanted} of the rules")
        content = as_file(rules_of(conn, wanted))
    if as_json:
        click.echo(as_line(content))
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(content)).decode())


@rules.command("versions")
@DATABASE
@JSON
def list_versions(database: str, *, as_json: bool) -> None:
    """Print every version that was in force and since when."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in versions(conn):
            text = f"{one.version}\t{one.created_at:%Y-%m-%d %H:%M}Z"
            click.echo(as_line(one) if as_json else text)


@rules.command("check")
@_FILE
@DATABASE
@JSON
def check(file: BinaryIO, database: str, *, as_json: bool) -> None:
    """Tell whether `put` would take this file, and everything that is wrong in it."""
    with reported(), county_of(database) as store, store.reading() as conn:
        try:
            checked(conn, file.read())
        except BadRules as err:
            _tell(err.faults, as_json=as_json)
            raise SystemExit(1) from err
    click.echo(as_line({"faults": []}) if as_json else "nothing is wrong")


@rules.command("put")
@_FILE
@DATABASE
@KEY
@JSON
def put(file: BinaryIO, database: str, key_path: Path | None, *, as_json: bool) -> None:
    """Sign a file as the next version and put it in force at the hub and all kiosks."""
    with reported(), county_of(database) as store:
        key = load_key(place_of_key(database, key_path))
        try:
            with store.writing() as conn:
                made: Rules = put_next(conn, file.read(), key, now())
                about = f"rules:{made.version}"
                note(conn, operator(), "rules.put", about, now())
        except BadRules as err:
            _tell(err.faults, as_json=as_json)
            raise SystemExit(1) from err
    text = f"version {made.version} is in force"
    click.echo(as_line({"version": made.version}) if as_json else text)


def _tell(faults: tuple[Fault, ...], *, as_json: bool) -> None:
    if as_json:
        named = [{"path": fault.path, "text": fault.text} for fault in faults]
        click.echo(as_line({"faults": named}))
        return
    for fault in faults:
        click.echo(f"{fault.path}: {fault.text}", err=True)
