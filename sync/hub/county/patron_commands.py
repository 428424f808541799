"""`tongjie hub patron`: readers, their cards and states."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from kiosk.domain.values import PatronState
from sync.hub.county.audit import note
from sync.hub.county.card_kinds import CardKind, CardState
from sync.hub.county.cards import (
    add_card,
    cards_of,
    find_card,
    replace_card,
    set_card_state,
)
from sync.hub.county.masking import masked_name, masked_phone
from sync.hub.county.patron_files import (
    BadPatron,
    PatronFile,
    change,
    find,
    is_minor,
    patron_file,
)
from sync.hub.county.patron_search import PatronQuery, search_patrons
from sync.hub.county.registration import register
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, operator, reported

_STATES = click.Choice([state.value for state in PatronState])
_KINDS = click.Choice([kind.value for kind in CardKind])
_DETAILS = (
    click.option("--name"),
    click.option("--type", "patron_type", metavar="TYPE", help="Like ADULT."),
    click.option("--expires", "expires_on", type=click.DateTime(["%Y-%m-%d"])),
    click.option("--birth-year", type=int),
    click.option("--phone"),
    click.option("--home-site", metavar="SITE"),
    click.option("--guardian", metavar="NUMBER", help="Who answers for them."),
    click.option("--loan-limit", type=int, help="In place of that of the type."),
)


def _details(command: Any) -> Any:
    for option in reversed(_DETAILS):
        command = option(command)
    return command


@click.group()
def patron() -> None:
    """Readers: who they are, what stands for them, whether they may borrow."""


@patron.command("add")
@click.argument("number")
@_details
@DATABASE
@JSON
def add(number: str, database: str, *, as_json: bool, **details: Any) -> None:
    """Register a reader; the number is that on the card."""
    with reported(), county_of(database) as store, store.writing() as conn:
        made = register(conn, number, _values(conn, details), operator(), now())
        _print(conn, made, as_json=as_json)


@patron.command("set")
@click.argument("number")
@_details
@DATABASE
@JSON
def put(number: str, database: str, *, as_json: bool, **details: Any) -> None:
    """Change what is given."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        wanted = _values(conn, details)
        made = change(conn, known.patron_ref, wanted, operator(), now())
        _print(conn, made, as_json=as_json)


@patron.command("show")
@click.argument("number")
@click.option("--full", is_flag=True, help="Name and telephone number in full.")
@click.option("--reason", default="", help="Why; needed for the full record of minors.")
@DATABASE
@JSON
def show(number: str, database: str, reason: str, *, full: bool, as_json: bool) -> None:
    """Print a reader, masked. A full record is noted in the audit log."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        if full:
            _note_seen(conn, known, reason)
        _print(conn, known, as_json=as_json, full=full)


@patron.command("list")
@click.option("--text", default="", help="Part of a name, or a number or card.")
@click.option("--type", "patron_type", default="")
@click.option("--state", type=_STATES)
@click.option("--home-site", default="")
@click.option("--after", default="", help="The number that the page before ended with.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@DATABASE
@JSON
def list_all(
    database: str, limit: int, state: str | None, *, as_json: bool, **query: str
) -> None:
    """Print readers by number, masked, a page at a time."""
    with reported(), county_of(database) as store, store.reading() as conn:
        wanted = PatronQuery(state=state or "", **query)
        for one in search_patrons(conn, wanted, limit).patrons:
            _print(conn, one, as_json=as_json, cards=False)


@patron.command("state")
@click.argument("number")
@click.argument("state", type=_STATES)
@click.option("--why", default="", help="For staff: lost by post, deceased …")
@DATABASE
@JSON
def state(number: str, state: str, why: str, database: str, *, as_json: bool) -> None:
    """Suspend, cancel or reinstate a reader, at every kiosk."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        wanted = {"state": PatronState(state), "why": why}
        made = change(conn, known.patron_ref, wanted, operator(), now(), why)
        _print(conn, made, as_json=as_json)


@patron.group("credential")
def credential() -> None:
    """What stands for a reader: card numbers, chips, codes."""


@credential.command("add")
@click.argument("number")
@click.argument("text")
@click.option("--kind", type=_KINDS, required=True)
@DATABASE
@JSON
def add_one(number: str, text: str, kind: str, database: str, *, as_json: bool) -> None:
    """Let one more card stand for a reader; an identity card by its fingerprint."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        ref = known.patron_ref
        add_card(conn, ref, CardKind(kind), text, operator(), now())
        _print(conn, known, as_json=as_json)


@credential.command("lost")
@click.argument("number")
@click.argument("text")
@DATABASE
@JSON
def lost(number: str, text: str, database: str, *, as_json: bool) -> None:
    """A card was lost: it stops working at every kiosk."""
    _put_state(database, number, text, CardState.LOST, as_json=as_json)


@credential.command("found")
@click.argument("number")
@click.argument("text")
@DATABASE
@JSON
def found(number: str, text: str, database: str, *, as_json: bool) -> None:
    """A lost card was found and works again."""
    _put_state(database, number, text, CardState.ACTIVE, as_json=as_json)


@credential.command("replace")
@click.argument("number")
@click.argument("old")
@click.argument("new")
@DATABASE
@JSON
def replace(number: str, old: str, new: str, database: str, *, as_json: bool) -> None:
    """Give a new card for an old one, which stops working."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        before = find_card(conn, known.patron_ref, old)
        replace_card(conn, known.patron_ref, before, new, operator(), now())
        _print(conn, known, as_json=as_json)


def _put_state(
    database: str, number: str, text: str, state: CardState, *, as_json: bool
) -> None:
    with reported(), county_of(database) as store, store.writing() as conn:
        known = find(conn, number)
        card = find_card(conn, known.patron_ref, text)
        ref = known.patron_ref
        set_card_state(conn, ref, card.card_id, state, operator(), now())
        _print(conn, known, as_json=as_json)


def _values(conn: Connection, details: dict[str, Any]) -> dict[str, Any]:
    """What was given on the command line, as the record holds it."""
    values = {name: value for name, value in details.items() if value is not None}
    if isinstance(day := values.get("expires_on"), dt.datetime):
        values["expires_on"] = day.date()
    if number := values.get("guardian"):
        values["guardian"] = find(conn, number).patron_ref
    return values


def _note_seen(conn: Connection, known: PatronFile, reason: str) -> None:
    if is_minor(conn, known) and not reason.strip():
        raise BadPatron("reason", "reason: needed for the record of a minor")
    about = f"patron:{known.patron_ref}"
    note(conn, operator(), "patron.see", about, now(), reason=reason)


def _print(
    conn: Connection,
    one: PatronFile,
    *,
    as_json: bool,
    full: bool = False,
    cards: bool = True,
) -> None:
    line: dict[str, Any] = msgspec.to_builtins(one)
    if not full:
        line |= {"name": masked_name(one.name), "phone": masked_phone(one.phone)}
        del line["birth_year"]
    guardian = patron_file(conn, one.guardian) if one.guardian else None
    line["guardian"] = guardian.number if guardian else None
    if cards:
        line["cards"] = cards_of(conn, one.patron_ref)
    text = f"{one.number}\t{line['name']}\t{one.patron_type}\t{one.state.value}"
    click.echo(as_line(line) if as_json else text)
