"""`tongjie hub cases`: see what staff should look at, decide it, take it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import click
from sqlalchemy import Connection

from kiosk.domain.values import COUNTY_TIME
from sync.hub.circulation.cases import CaseState
from sync.hub.circulation.choices import Answer, CaseError, Choice
from sync.hub.circulation.facts import Severity
from sync.hub.circulation.resolving import resolve as decide
from sync.hub.circulation.resolving import undo as take_back
from sync.hub.desk.case_sides import CaseView, view_case
from sync.hub.desk.cases import CaseFilter, CaseLine, find_cases
from sync.hub.desk.deciding import patron_ref
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)

_CASE = click.argument("case_id", metavar="CASE")
_NOTE = click.option("--note", default="", help="Why, for those who ask later.")


@click.group()
def cases() -> None:
    """What staff should look at: list, show, resolve, undo."""


@cases.command("list")
@DATABASE
@click.option(
    "--state",
    type=click.Choice([*(one.value for one in CaseState), "all"]),
    default=CaseState.OPEN.value,
    show_default=True,
)
@click.option("--kind", default="", help="Like loan_displaced.")
@click.option("--severity", type=click.Choice([*Severity]), default=None)
@click.option("--site", default="", help="The number of a site.")
@click.option("--older-than", type=click.IntRange(0), default=0, metavar="DAYS")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@JSON
def list_cases(
    database: str,
    state: str,
    kind: str,
    severity: str | None,
    site: str,
    older_than: int,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Print cases, the gravest first and of these the newest."""
    wanted = CaseFilter(
        "" if state == "all" else state, kind, severity or "", site, older_than
    )
    with reported(), county_of(database) as store, store.reading() as conn:
        for line in islice(_all(conn, wanted, now()), limit):
            click.echo(as_line(line) if as_json else _text(line))


@cases.command("show")
@_CASE
@DATABASE
@JSON
def show(case_id: str, database: str, *, as_json: bool) -> None:
    """Print one case: both sides, what the hub knew, the choices and the story."""
    with reported(), county_of(database) as store, store.reading() as conn:
        case = view_case(conn, case_id)
        if case is None:
            raise CaseError("unknown", f"there is no case {case_id!r}")
    if as_json:
        click.echo(as_line(case))
    else:
        click.echo("\n".join(_lines(case)))


@cases.command("resolve")
@_CASE
@click.argument("choice", type=click.Choice([one.value for one in Choice]))
@DATABASE
@_NOTE
@click.option("--card", default="", help="For is_reader: the reader's card number.")
@click.option(
    "--when",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="For dated: the time in the county.",
)
@JSON
def resolve(
    case_id: str,
    choice: str,
    database: str,
    note: str,
    card: str,
    when: dt.datetime | None,
    *,
    as_json: bool,
) -> None:
    """Decide a case; `show` says which choices it has."""
    happened = when and when.replace(tzinfo=COUNTY_TIME)
    with reported(), county_of(database) as store, store.writing() as conn:
        reader = patron_ref(conn, card) if card else None
        answer = Answer(Choice(choice), note, reader, happened)
        decide(conn, case_id, answer, operator(), now())
    _say(case_id, CaseState.RESOLVED, as_json=as_json)


@cases.command("undo")
@_CASE
@DATABASE
@_NOTE
@JSON
def undo(case_id: str, database: str, note: str, *, as_json: bool) -> None:
    """Take the last decision about a case back."""
    with reported(), county_of(database) as store, store.writing() as conn:
        take_back(conn, case_id, operator(), now(), note)
    with reported(), county_of(database) as store, store.reading() as conn:
        case = view_case(conn, case_id)
    state = CaseState(case.state) if case else CaseState.OPEN
    _say(case_id, state, as_json=as_json)


def _all(conn: Connection, wanted: CaseFilter, at: dt.datetime) -> Iterator[CaseLine]:
    """Page after page."""
    while True:
        page = find_cases(conn, wanted, at, None)
        yield from page.lines
        if page.next is None:
            return
        wanted = replace(wanted, after=page.next)


def _say(case_id: str, state: CaseState, *, as_json: bool) -> None:
    said = {"case_id": case_id, "state": state.value}
    click.echo(as_line(said) if as_json else f"{case_id} is {state.value}")


def _text(line: CaseLine) -> str:
    about = line.item or line.kiosk_id
    opened = f"{line.opened_at:%Y-%m-%d %H:%M}"
    return "\t".join((line.severity, line.case_id, about, line.site, opened))


def _lines(case: CaseView) -> Iterator[str]:
    yield f"{case.case_id}\t{case.severity}\t{case.state}"
    for side in case.devices:
        patron = f"{side.patron.name} *{side.patron.tail}" if side.patron else "-"
        yield f"{side.name}\t{side.site}\t{side.kiosk_id}\t{patron}\t{side.at}"
    for name, value in case.details.items():
        yield f"{name}\t{value}"
    yield "choices\t" + " ".join(choice.value for choice in case.choices)
    for step in case.steps:
        yield f"{step.at}\t{step.what}\t{step.choice}\t{step.who}\t{step.note}"
