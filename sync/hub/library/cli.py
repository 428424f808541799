"""`tongjie hub library`: the library system of the county, and what it has to learn."""

from __future__ import annotations

import signal
import threading
from contextlib import closing

import click

from kiosk import logs
from sync.hub.library import tasks
from sync.hub.library.account_options import koha_account, sip2_account
from sync.hub.library.koha import KohaLibrary
from sync.hub.library.koha_api import KohaApi
from sync.hub.library.koha_http import KohaAccount, KohaHttp
from sync.hub.library.lock import only_worker
from sync.hub.library.port import LibrarySystem, NoBlock
from sync.hub.library.sip2 import Sip2Library
from sync.hub.library.task_log import Kept, keep_by, kept_by
from sync.hub.library.worker import Worker
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, reported
from sync.hub.store.database import Database
from sync.sip2.account import Account
from sync.sip2.client import Client


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
@sip2_account
@koha_account
@click.option(
    "--no-block",
    envvar="TONGJIE_LIBRARY_NO_BLOCK",
    type=click.Choice([choice.value for choice in NoBlock]),
    default=NoBlock.AUTO.value,
    show_default=True,
    help="Say that all of it happened already; auto: if the library system takes that.",
)
def run(
    database: str, sip2: Account | None, koha: KohaAccount | None, no_block: str
) -> None:
    """Tell the library system what waits, one thing at a time, until SIGTERM.

    Koha takes no returns by REST, so name its SIP2 server as well.
    """
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with reported(), county_of(database) as store:
        with store.reading() as conn:
            kept = kept_by(conn)
        with closing(_system(kept, sip2, koha, NoBlock(no_block))) as system:
            _serve(store, system, stop)


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


def _serve(store: Database, system: LibrarySystem, stop: threading.Event) -> None:
    with only_worker(store) as alone:
        click.echo("ready")
        Worker(store, system, now).run(stop, alone)


def _system(
    kept: Kept, sip2: Account | None, koha: KohaAccount | None, no_block: NoBlock
) -> LibrarySystem:
    by_sip2 = Sip2Library(Client(sip2), no_block) if sip2 else None
    match kept:
        case Kept.SIP2 if by_sip2:
            return by_sip2
        case Kept.KOHA if koha:
            return KohaLibrary(KohaApi(KohaHttp(koha)), by_sip2, no_block)
        case Kept.NONE:
            raise click.ClickException(
                "the hub alone keeps the record: tongjie hub library use sip2, or koha"
            )
    needed = "--host" if kept is Kept.SIP2 else "--koha"
    raise click.UsageError(f"{needed} is needed: the library system is {kept}")
