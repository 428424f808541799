"""The commands of `tongjie hub`: set it up, run it, take data out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click
import msgspec
from sqlalchemy.exc import DBAPIError

from kiosk import logs
from sync.hub.database import BadDatabase, Database
from sync.hub.enrolment import LIFE, UnknownSite, make_code
from sync.hub.export import event_lines, item_lines, loan_lines
from sync.hub.rulebook import NoRules
from sync.hub.setup import (
    InitialisedAlready,
    default_key_path,
    init_hub,
    open_hub,
)
from sync.hub.upgrade import check_schema
from sync.hub.users import Role, WeakPassword, put_user
from sync.keys import BadKey

_DATABASE = click.option(
    "--database",
    envvar="TONGJIE_HUB_DATABASE",
    required=True,
    metavar="URL",
    help="Like sqlite:////srv/tongjie/hub.db or postgresql+psycopg://host/name.",
)
_KEY = click.option(
    "--key",
    "key_path",
    envvar="TONGJIE_HUB_KEY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The hub's private key; hub.key beside a SQLite database by default.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_EXPORTS = {"items": item_lines, "loans": loan_lines, "events": event_lines}


@click.command()
@_DATABASE
@_KEY
@click.option("--isil", required=True, help="The county library's ISIL.")
@click.option("--county-name", required=True, help="As the desk's pages show it.")
def init(database: str, key_path: Path | None, isil: str, county_name: str) -> None:
    """Make a new county: tables, secrets, the hub's key and the default rules."""
    with _reported(), _opened(database) as store:
        init_hub(store, _key_path(database, key_path), isil, county_name, _now())
    click.echo(f"{county_name} ({isil}) is set up")


@click.command()
@_DATABASE
@_KEY
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True)
@click.option("--desk-host", multiple=True, help="A name under which staff reach it.")
@_JSON
def serve(
    database: str,
    key_path: Path | None,
    host: str,
    port: int,
    desk_host: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Serve kiosks and staff until SIGTERM. TLS is the business of a proxy in front."""
    from sync.hub.app import create_app  # noqa: PLC0415  (other commands need no web)
    from sync.hub.server import serve as serve_app  # noqa: PLC0415  (likewise)

    logs.configure()

    def ready(url: str) -> None:
        click.echo(_line({"url": url}) if as_json else f"ready: {url}")

    with _reported(), _opened(database) as store:
        county = open_hub(store, _key_path(database, key_path))
        serve_app(create_app(county, desk_hosts=desk_host), host, port, ready)


@click.group()
def user() -> None:
    """Accounts of the staff desk."""


@user.command("add")
@click.argument("name")
@_DATABASE
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
    with _reported(), _county(database) as store, store.writing() as conn:
        put_user(conn, name, password, Role(role), _now())
    click.echo(f"{name} may log in as {role}")


@click.command("enrol-code")
@_DATABASE
@click.option("--site", required=True, help="Where the kiosk will stand.")
@_JSON
def enrol_code(database: str, site: str, *, as_json: bool) -> None:
    """Make a code that enrols one kiosk at a site."""
    with _reported(), _county(database) as store, store.writing() as conn:
        code = make_code(conn, site, _now())
    minutes = int(LIFE.total_seconds()) // 60
    if as_json:
        click.echo(_line({"code": code, "site": site, "minutes": minutes}))
    else:
        click.echo(f"{code}\ngood for one kiosk at {site}, for {minutes} minutes")


@click.command()
@click.argument("what", type=click.Choice(list(_EXPORTS)))
@_DATABASE
@_JSON
def export(what: str, database: str, *, as_json: bool) -> None:
    """Print all items, loans or events. Without --json as tab-separated text."""
    with _reported(), _county(database) as store, store.reading() as conn:
        for line in _EXPORTS[what](conn):
            click.echo(_line(line) if as_json else _tabbed(line))


@contextmanager
def _reported() -> Iterator[None]:
    """Every expected failure as one line for people."""
    try:
        yield
    except (
        BadDatabase,
        BadKey,
        InitialisedAlready,
        NoRules,
        OSError,
        UnknownSite,
        WeakPassword,
    ) as err:
        raise click.ClickException(str(err)) from err
    except DBAPIError as err:
        raise click.ClickException(f"database: {err.orig}") from err


@contextmanager
def _county(url: str) -> Iterator[Database]:
    """A database that `init` was run on."""
    with _opened(url) as store:
        check_schema(store)
        yield store


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    store = Database(url)
    try:
        yield store
    finally:
        store.close()


def _key_path(url: str, given: Path | None) -> Path:
    path = given or default_key_path(url)
    if path is None:
        raise click.UsageError("--key is needed: this database has no folder")
    return path


def _line(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _tabbed(line: msgspec.Struct) -> str:
    values = msgspec.json.decode(msgspec.json.encode(line)).values()
    return "\t".join(
        value if isinstance(value, str) else _line(value) for value in values
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
