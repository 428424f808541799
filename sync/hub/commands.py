"""The commands of `tongjie hub`: set it up, run it, take data out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import msgspec

from kiosk import logs
from sync.hub.county.export import event_lines, item_lines, loan_lines
from sync.hub.county.users import Role, put_user
from sync.hub.devices.enrolment import LIFE, make_code
from sync.hub.options import (
    DATABASE,
    JSON,
    KEY,
    as_line,
    county_of,
    now,
    opened,
    place_of_key,
    reported,
)
from sync.hub.store.database import Database
from sync.hub.store.setup import init_hub, open_hub

if TYPE_CHECKING:
    from flask import Flask

_EXPORTS = {"items": item_lines, "loans": loan_lines, "events": event_lines}


@click.command()
@DATABASE
@KEY
@click.option("--isil", required=True, help="The county library's ISIL.")
@click.option("--county-name", required=True, help="As the desk's pages show it.")
def init(database: str, key_path: Path | None, isil: str, county_name: str) -> None:
    """Make a new county: tables, secrets, the hub's key and the default rules."""
    with reported(), opened(database) as store:
        init_hub(store, place_of_key(database, key_path), isil, county_name, now())
    click.echo(f"{county_name} ({isil}) is set up")


@click.command()
@DATABASE
@KEY
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True)
@click.option("--desk-host", multiple=True, help="A name under which staff reach it.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes. SQLite has one writer, so more of them need PostgreSQL.",
)
@JSON
def serve(
    database: str,
    key_path: Path | None,
    host: str,
    port: int,
    desk_host: tuple[str, ...],
    workers: int,
    *,
    as_json: bool,
) -> None:
    """Serve kiosks and staff until SIGTERM. TLS is the business of a proxy in front."""
    from sync.hub.door.app import create_app  # noqa: PLC0415  (other commands need no web)
    from sync.hub.door.server import serve as serve_app  # noqa: PLC0415  (likewise)

    key = place_of_key(database, key_path)

    def make_app() -> Flask:
        return create_app(open_hub(Database(database), key), desk_hosts=desk_host)

    logs.configure()

    def ready(url: str) -> None:
        click.echo(as_line({"url": url}) if as_json else f"ready: {url}")

    with reported(), opened(database) as store:
        open_hub(store, key)  # says what is wrong before anything is started
    serve_app(make_app, host, port, ready, workers)


@click.group()
def user() -> None:
    """Accounts of the staff desk."""


@user.command("add")
@click.argument("name")
@DATABASE
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.STAFF.value
)
@click.option(
    "--password-file",
    type=click.File(),
    help="Read the password from the first line of this file, - for standard input.",
)
def add_user(name: str, database: str, role: str, password_file: TextIO | None) -> None:
    """Make an account, or give it a new password and role."""
    if password_file is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = password_file.readline().rstrip("\r\n")
    with reported(), county_of(database) as store, store.writing() as conn:
        put_user(conn, name, password, Role(role), now())
    click.echo(f"{name} may log in as {role}")


@click.command("enrol-code")
@DATABASE
@click.option("--site", required=True, help="Where the kiosk will stand.")
@click.option(
    "--former",
    metavar="KIOSK",
    help="The name of a kiosk that this hub forgot when it was restored.",
)
@JSON
def enrol_code(database: str, site: str, former: str | None, *, as_json: bool) -> None:
    """Make a code that enrols one kiosk at a site."""
    with reported(), county_of(database) as store, store.writing() as conn:
        code = make_code(conn, site, now(), former)
    minutes = int(LIFE.total_seconds()) // 60
    if as_json:
        click.echo(as_line({"code": code, "site": site, "minutes": minutes}))
    else:
        click.echo(f"{code}\ngood for one kiosk at {site}, for {minutes} minutes")


@click.command()
@click.argument("what", type=click.Choice(list(_EXPORTS)))
@DATABASE
@JSON
def export(what: str, database: str, *, as_json: bool) -> None:
    """Print all items, loans or events. Without --json as tab-separated text."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for line in _EXPORTS[what](conn):
            click.echo(as_line(line) if as_json else _tabbed(line))


def _tabbed(line: msgspec.Struct) -> str:
    values = msgspec.json.decode(msgspec.json.encode(line)).values()
    return "\t".join(
        value if isinstance(value, str) else as_line(value) for value in values
    )
