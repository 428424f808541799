"""The list of cases: filtered, the gravest first, page after page by key.

A page is read severity by severity, each from an index, so the thousandth page costs
what the first one does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    func,
    literal,
    select,
    tuple_,
)

from sync.hub.circulation.cases import CaseState
from sync.hub.circulation.facts import Severity
from sync.hub.county.permits import Reach
from sync.hub.desk.lookups import PatronName, item_titles, names_of_sites, patron_names
from sync.hub.desk.permission import within
from sync.hub.store import schema

PAGE = 50
#: More than this many are not counted.
COUNTED = 10_000
_GRAVEST_FIRST = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_CASES = schema.cases


@dataclass(frozen=True, slots=True)
class Place:
    """The last case of a page, where the next one begins."""

    severity: Severity
    opened_at: dt.datetime
    case_id: str


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What to show; empty texts ask for everything. `older_than_days`: at least."""

    state: str = CaseState.OPEN.value
    kind: str = ""
    severity: str = ""
    site: str = ""
    older_than_days: int = 0
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in the list. `came_back`: opened again after it was closed."""

    case_id: str
    kind: str
    severity: str
    state: str
    item: str
    title: str
    patron: PatronName | None
    site: str
    kiosk_id: str
    opened_at: dt.datetime
    came_back: bool


@dataclass(frozen=True, slots=True)
class CasePage:
    """`total` stops at `COUNTED` + 1; `next` is None on the last page."""

    lines: tuple[CaseLine, ...]
    total: int
    next: Place | None


def find_cases(
    conn: Connection, wanted: CaseFilter, now: dt.datetime, reach: Reach
) -> CasePage:
    """Return one page of the cases asked for that stand within reach."""
    conditions = [within(reach, _CASES.c.site_id), *_conditions(wanted, now)]
    rows = list(_rows(conn, wanted, conditions))
    more = len(rows) > PAGE
    shown = rows[:PAGE]
    counted = select(_CASES.c.case_id).where(*conditions, *_severity(wanted))
    return CasePage(
        lines=_lines(conn, shown),
        total=_count(conn, counted),
        next=_place(shown[-1]) if more else None,
    )


def kinds_in(conn: Connection, state: str, reach: Reach) -> tuple[str, ...]:
    """The kinds of the cases there are."""
    query = select(_CASES.c.kind).where(within(reach, _CASES.c.site_id)).distinct()
    if state:
        query = query.where(_CASES.c.state == state)
    return tuple(sorted(conn.execute(query).scalars()))


def _rows(
    conn: Connection, wanted: CaseFilter, conditions: Sequence[ColumnElement[bool]]
) -> Iterator[RowMapping]:
    """One more than a page shows, so that it is known whether there is a next one."""
    missing = PAGE + 1
    for severity in _severities(wanted):
        query = (
            select(_CASES)
            .where(*conditions, _CASES.c.severity == severity.value)
            .order_by(_CASES.c.opened_at.desc(), _CASES.c.case_id.desc())
            .limit(missing)
        )
        after = wanted.after
        if after is not None and after.severity is severity:
            query = query.where(_beyond(after))
        found = conn.execute(query).mappings().all()
        yield from found
        missing -= len(found)
        if missing <= 0:
            return


def _severities(wanted: CaseFilter) -> tuple[Severity, ...]:
    """Those still to be shown, the gravest first."""
    after = wanted.after
    first = _GRAVEST_FIRST.index(after.severity) if after else 0
    return tuple(
        one for one in _GRAVEST_FIRST[first:] if wanted.severity in ("", one.value)
    )


def _beyond(after: Place) -> ColumnElement[bool]:
    opened_at, case_id = _CASES.c.opened_at, _CASES.c.case_id
    last = tuple_(literal(after.opened_at, schema.UtcTime()), literal(after.case_id))
    return tuple_(opened_at, case_id) < last


def _conditions(wanted: CaseFilter, now: dt.datetime) -> list[ColumnElement[bool]]:
    """All but the severity, which the pages go by."""
    table = _CASES.c
    given = {table.state: wanted.state, table.kind: wanted.kind}
    given |= {table.site_id: wanted.site}
    found = [column == value for column, value in given.items() if value]
    if wanted.older_than_days > 0:
        since = now - dt.timedelta(days=wanted.older_than_days)
        found.append(table.opened_at <= since)
    return found


def _severity(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    return [_CASES.c.severity == wanted.severity] if wanted.severity else []


def _count(conn: Connection, query: Select[tuple[str]]) -> int:
    some = query.limit(COUNTED + 1).subquery()
    return conn.execute(select(func.count()).select_from(some)).scalar_one()


def _place(row: RowMapping) -> Place:
    return Place(Severity(row["severity"]), row["opened_at"], row["case_id"])


def _lines(conn: Connection, rows: Sequence[RowMapping]) -> tuple[CaseLine, ...]:
    patrons = patron_names(conn, [row["patron_ref"] for row in rows])
    titles = item_titles(conn, [row["item"] for row in rows])
    sites = names_of_sites(conn, [row["site_id"] for row in rows])
    return tuple(
        CaseLine(
            case_id=row["case_id"],
            kind=row["kind"],
            severity=row["severity"],
            state=row["state"],
            item=row["item"] or "",
            title=titles.get(row["item"], ""),
            patron=patrons.get(row["patron_ref"]),
            site=sites.get(row["site_id"], row["site_id"] or ""),
            kiosk_id=row["kiosk_id"],
            opened_at=row["opened_at"],
            came_back=row["came_back_at"] is not None,
        )
        for row in rows
    )
