"""`tongjie hub site`: the county's sites as a tree."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Connection

from kiosk.domain.values import Site, county_day
from sync.hub.county.calendars import Calendar, read_special, read_week, written
from sync.hub.county.rulebook import calendars_are_told, tell_calendars
from sync.hub.county.site_tree import (
    LEVELS,
    ForeignReturn,
    Kind,
    Profile,
    SiteEntry,
    site_tree,
)
from sync.hub.county.sites import (
    add_site,
    close_site,
    move_site,
    reopen_site,
    set_calendar,
    set_foreign_return,
)
from sync.hub.options import (
    DATABASE,
    JSON,
    KEY,
    as_line,
    county_of,
    now,
    operator,
    reported,
)
from sync.hub.store.setup import default_key_path
from sync.keys import load_key

_REASON = click.option("--reason", required=True, help="Why, for those who ask later.")


@click.group()
def site() -> None:
    """The county's sites as a tree."""


@site.command("add")
@click.argument("site_id")
@DATABASE
@click.option("--name", required=True)
@click.option("--short-name", help="For slips, at most 8 signs; else the name's first.")
@click.option("--level", required=True, type=click.Choice(LEVELS, case_sensitive=False))
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in Kind]))
@click.option("--parent", help="The site above it; none for the county library.")
@click.option("--keeper", default="")
@click.option("--phone", default="")
@click.option("--address", default="")
@click.option("--division", default="", help="The place's official code.")
@KEY
@JSON
def add(
    site_id: str,
    database: str,
    name: str,
    short_name: str | None,
    level: str,
    kind: str,
    parent: str | None,
    keeper: str,
    phone: str,
    address: str,
    division: str,
    key_path: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make a new site."""
    made = Site(
        site_id,
        name,
        short_name or name[:8],
        level,
        parent,
        keeper=keeper,
        phone=phone,
    )
    profile = Profile(division=division, address=address)
    with reported(), county_of(database) as store, store.writing() as conn:
        add_site(conn, operator(), made, Kind(kind), profile, now())
        _tell_kiosks(conn, database, key_path)
    _tell(site_id, "is a site", as_json=as_json)


@site.command("list")
@DATABASE
@JSON
def list_sites(database: str, *, as_json: bool) -> None:
    """Print the tree; as text, with the hours of today."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in site_tree(conn):
            click.echo(as_line(one) if as_json else _text(one))


@site.command("move")
@click.argument("site_id")
@click.argument("parent")
@DATABASE
@KEY
@_REASON
@JSON
def move(
    site_id: str,
    parent: str,
    database: str,
    key_path: Path | None,
    reason: str,
    *,
    as_json: bool,
) -> None:
    """Put a site, with all below it, below another one."""
    with reported(), county_of(database) as store, store.writing() as conn:
        move_site(conn, operator(), site_id, parent, now(), reason)
        _tell_kiosks(conn, database, key_path)
    _tell(site_id, f"is below {parent} now", as_json=as_json, parent=parent)


@site.command("close")
@click.argument("site_id")
@DATABASE
@_REASON
@click.option("--undo", is_flag=True, help="Open it again.")
@JSON
def close(
    site_id: str, database: str, reason: str, *, undo: bool, as_json: bool
) -> None:
    """Put a site out of use; its history stays."""
    change, state = (reopen_site, "open") if undo else (close_site, "closed")
    with reported(), county_of(database) as store, store.writing() as conn:
        change(conn, operator(), site_id, now(), reason)
    _tell(site_id, f"is {state}", as_json=as_json, state=state)


@site.command("calendar")
@click.argument("site_id")
@DATABASE
@KEY
@click.option("--week", help='Like "mon-fri 09:00-12:00,14:00-17:00; sat 09:00-12:00".')
@click.option("--special", multiple=True, help='"2026-10-02 09:00-12:00", or a date.')
@JSON
def calendar(
    site_id: str,
    database: str,
    key_path: Path | None,
    week: str | None,
    special: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Give a site opening hours; without --week, those of the site above it.

    The kiosks learn it with the rules: due dates fall on days on which it is open.
    """
    if special and week is None:
        raise click.UsageError("--special needs --week")
    with reported(), county_of(database) as store, store.writing() as conn:
        days = tuple(read_special(text) for text in special)
        hours = Calendar(read_week(week), days) if week is not None else None
        set_calendar(conn, operator(), site_id, hours, now())
        _tell_kiosks(conn, database, key_path)
    _tell(site_id, "has its opening hours", as_json=as_json)


@site.command("returns")
@click.argument("site_id")
@DATABASE
@click.option(
    "--foreign",
    type=click.Choice([policy.value for policy in ForeignReturn]),
    help="What becomes of copies that belong elsewhere.",
)
@JSON
def returns(site_id: str, database: str, foreign: str | None, *, as_json: bool) -> None:
    """Say where foreign returns go; without --foreign as at the site above."""
    policy = ForeignReturn(foreign) if foreign else None
    with reported(), county_of(database) as store, store.writing() as conn:
        set_foreign_return(conn, operator(), site_id, policy, now())
    text = f"foreign returns: {foreign or 'as above'}"
    _tell(site_id, text, as_json=as_json, foreign=foreign)


def _tell_kiosks(conn: Connection, database: str, key_path: Path | None) -> None:
    """Put other opening days in force; only that needs the hub's key."""
    if calendars_are_told(conn):
        return
    path = key_path or default_key_path(database)
    if path is None:
        text = "kiosks are told when the hub starts next; with --key, at once"
        click.echo(text, err=True)
        return
    tell_calendars(conn, load_key(path), operator(), now())


def _text(one: SiteEntry) -> str:
    hours = one.calendar.hours_on(county_day(now())) if one.calendar else ()
    words = (one.level, one.kind or "-", one.state.value, written(hours) or "-")
    return "  " * one.depth + f"{one.site_id} {one.name}\t" + "\t".join(words)


def _tell(site_id: str, text: str, *, as_json: bool, **more: object) -> None:
    click.echo(as_line({"site": site_id, **more}) if as_json else f"{site_id} {text}")
