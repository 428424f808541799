"""`tongjie hub library`: the library system of the county, and what it has to learn."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from kiosk import logs
from sync.hub.library import tasks
from sync.hub.library.lock import AnotherWorker, only_worker
from sync.hub.library.sip2 import NoBlock, Sip2Library
from sync.hub.library.task_log import Kept, keep_by, kept_by
from sync.hub.library.worker import Worker
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, reported
from sync.sip2.account import Account
from sync.sip2.client import Client
from sync.sip2.dialects import DIALECTS, Dialect

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def library() -> None:
    """The county's own library system, and what it still has to learn."""


@library.command()
@click.argument("system", type=click.Choice([kept.value for kept in Kept]))
@DATABASE
def use(system: str, database: str) -> None:
    """From now on, tell a library system of all loans; none: the hub alone has them.

    What happened before is not told. What waits already stays in the queue.
    """
    with reported(), county_of(database) as store, store.writing() as conn:
        keep_by(conn, Kept(system))
    click.echo(f"library system: {system}")


@library.command()
@DATABASE
@click.option("--host", envvar="TONGJIE_LIBRARY_HOST", required=True)
@click.option(
    "--port",
    envvar="TONGJIE_LIBRARY_PORT",
    type=click.IntRange(1, 65535),
    default=6001,
    show_default=True,
)
@click.option("--login", envvar="TONGJIE_LIBRARY_LOGIN", help="None: no login (93).")
@click.option(
    "--password-file",
    envvar="TONGJIE_LIBRARY_PASSWORD_FILE",
    type=_FILE,
    help="The login's password is its first line.",
)
@click.option(
    "--terminal-password-file",
    envvar="TONGJIE_LIBRARY_TERMINAL_PASSWORD_FILE",
    type=_FILE,
    help="For field AC, where one is asked for.",
)
@click.option(
    "--institution",
    envvar="TONGJIE_LIBRARY_INSTITUTION",
    default="",
    help="For field AO; as the library system says by default.",
)
@click.option("--location", envvar="TONGJIE_LIBRARY_LOCATION", help="Fields CP and AP.")
@click.option(
    "--dialect",
    envvar="TONGJIE_LIBRARY_DIALECT",
    type=click.Choice(list(DIALECTS)),
    default="standard",
    show_default=True,
)
@click.option(
    "--charset",
    envvar="TONGJIE_LIBRARY_CHARSET",
    help="Another one than the dialect's.",
)
@click.option(
    "--no-block",
    envvar="TONGJIE_LIBRARY_NO_BLOCK",
    type=click.Choice([choice.value for choice in NoBlock]),
    default=NoBlock.AUTO.value,
    show_default=True,
    help="Say that all of it happened already; auto: if the library system takes that.",
)
@click.option("--tls", envvar="TONGJIE_LIBRARY_TLS", is_flag=True)
@click.option(
    "--ca-file", envvar="TONGJIE_LIBRARY_CA_FILE", type=_FILE, help="Who signed it."
)
def run(
    database: str,
    host: str,
    port: int,
    login: str | None,
    password_file: Path | None,
    terminal_password_file: Path | None,
    institution: str,
    location: str | None,
    dialect: str,
    charset: str | None,
    no_block: str,
    ca_file: Path | None,
    *,
    tls: bool,
) -> None:
    """Tell the library system (SIP2) what waits, one thing at a time, until SIGTERM."""
    with reported():
        account = Account(
            host=host,
            port=port,
            user=login,
            password=_secret(password_file),
            terminal_password=_secret(terminal_password_file),
            institution_id=institution,
            location_code=location,
            dialect=_dialect(dialect, charset),
            tls=tls,
            ca_file=ca_file,
        )
    logs.configure()
    _serve(database, Sip2Library(Client(account), NoBlock(no_block)))


@library.command()
@DATABASE
@JSON
def status(database: str, *, as_json: bool) -> None:
    """How much waits, since when, and why."""
    with reported(), county_of(database) as store, store.reading() as conn:
        kept, found = kept_by(conn), tasks.status(conn)
    line = {
        "library_system": kept.value,
        **found.counts,
        "oldest": found.oldest,
        "note": found.note,
    }
    if as_json:
        click.echo(as_line(line))
        return
    for name, value in line.items():
        click.echo(f"{name}\t{'' if value is None else value}")


@library.command()
@click.argument("fact", nargs=-1)
@DATABASE
@JSON
def retry(fact: tuple[str, ...], database: str, *, as_json: bool) -> None:
    """Try again what was refused: some facts by their id, or all of them."""
    with reported(), county_of(database) as store, store.writing() as conn:
        again = tasks.retry(conn, fact, now())
    click.echo(as_line({"again": again}) if as_json else "\n".join(again))
    unknown = sorted(set(fact) - set(again))
    if unknown:
        raise click.ClickException(f"not refused, or not known: {', '.join(unknown)}")


def _serve(database: str, system: Sip2Library) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with reported(), closing(system), county_of(database) as store:
        with store.reading() as conn:
            if kept_by(conn) is Kept.NONE:
                raise click.ClickException(
                    "the hub alone keeps the record: tongjie hub library use sip2"
                )
        try:
            with only_worker(store) as alone:
                click.echo("ready")
                Worker(store, system, now).run(stop, alone)
        except AnotherWorker as err:
            raise click.ClickException(str(err)) from err


def _secret(file: Path | None) -> str:
    return file.read_text().partition("\n")[0].rstrip("\r") if file else ""


def _dialect(name: str, charset: str | None) -> Dialect:
    found = DIALECTS[name]
    try:
        return replace(found, charset=charset) if charset else found
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--charset") from err
