"""The commands of `tongjie hub`: set it up, run it, take data out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk import logs
from sync.hub.county.audit import note
from sync.hub.county.rulebook import tell_calendars
from sync.hub.devices.enrolment import LIFE, make_code
from sync.hub.options import (
    DATABASE,
    JSON,
    KEY,
    as_line,
    county_of,
    now,
    opened,
    operator,
    place_of_key,
    reported,
)
from sync.hub.store.database import Database
from sync.hub.store.setup import init_hub, open_hub

if TYPE_CHECKING:
    from flask import Flask


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
        _check_workers(store, workers)
        hub = open_hub(store, key)  # says what is wrong before anything is started
        with store.writing() as conn:
            tell_calendars(conn, hub.key, operator(), now())
    serve_app(make_app, host, port, ready, workers)


def _check_workers(store: Database, workers: int) -> None:
    """A file has one writer: workers would get in each other's way, asks included."""
    if workers > 1 and not store.is_shared:
        detail = f"--workers {workers} needs PostgreSQL: SQLite has one writer"
        raise click.UsageError(detail)


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
        at = now()
        code = make_code(conn, site, at, former)
        note(conn, operator(), "device.code", f"site:{site}", at)
    minutes = int(LIFE.total_seconds()) // 60
    if as_json:
        click.echo(as_line({"code": code, "site": site, "minutes": minutes}))
    else:
        click.echo(f"{code}\ngood for one kiosk at {site}, for {minutes} minutes")


@click.command()
def openapi() -> None:
    """Print the description of the kiosks' API, OpenAPI 3.1."""
    from sync.hub.door.openapi import description  # noqa: PLC0415  (needs the feed)

    click.echo(as_line(description()))
