"""`tongjie hub holds`: who waits, what to fetch, and ending what nobody fetched."""

from __future__ import annotations

import click

from sync.hub.circulation.hold_acts import Deed
from sync.hub.circulation.hold_upkeep import end_missed
from sync.hub.county.permits import Reach
from sync.hub.desk.hold_lists import hold_queue, pull_list
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)

SITE = click.option("--site", default="", help="Only this site.")


@click.group()
def holds() -> None:
    """Holds: who waits, what to fetch from the shelf, what was not fetched in time."""


@holds.command("list")
@DATABASE
@SITE
@JSON
def list_holds(database: str, site: str, *, as_json: bool) -> None:
    """Print the holds that nothing has ended, title by title."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in hold_queue(conn, _reach(site), now()):
            last = str(one.keep_until or "")
            words = (one.state, one.title, one.copy, one.patron, one.pick_up, last)
            click.echo(as_line(one) if as_json else "\t".join(words))


@holds.command("pull-list")
@DATABASE
@SITE
@JSON
def print_pull_list(database: str, site: str, *, as_json: bool) -> None:
    """Print what is to be fetched from the shelves, and for whom."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in pull_list(conn, _reach(site)):
            copies = " ".join(one.barcodes)
            words = (one.at, one.clc, one.title, copies, one.patron, one.pick_up)
            click.echo(as_line(one) if as_json else "\t".join(words))


@holds.command("run")
@DATABASE
@JSON
def run(database: str, *, as_json: bool) -> None:
    """End the holds that nobody fetched in time; for a timer, once a day."""
    with reported(), county_of(database) as store:
        line = end_missed(store, Deed(operator(), now()))
    text = "{expired} holds ended, {suspended} readers suspended".format_map(line)
    click.echo(as_line(line) if as_json else text)


def _reach(site: str) -> Reach:
    return frozenset({site}) if site else None
