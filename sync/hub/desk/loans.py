"""Loans as staff look for them: by state, site, item and patron."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from kiosk.domain.credentials import normalise
from kiosk.domain.values import county_day
from sync.hub.county.permits import Reach
from sync.hub.desk.lookups import PatronName, item_titles, patron_names, site_names
from sync.hub.desk.permission import within
from sync.hub.store import schema

PAGE = 50


@dataclass(frozen=True, slots=True)
class LoanFilter:
    """What to show; empty texts ask for everything. `page` counts from 1.

    `item`: a barcode or a part of a title. `patron`: a whole card number.
    """

    state: str = "open"
    site: str = ""
    item: str = ""
    patron: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class LoanLine:
    """One loan. `late_days` counts from the day after the due date, 0 if in time."""

    item: str
    title: str
    patron: PatronName | None
    site: str
    loaned_at: dt.datetime
    due_on: dt.date
    late_days: int
    returned_at: dt.datetime | None
    return_site: str
    how_closed: str


@dataclass(frozen=True, slots=True)
class LoanPage:
    lines: tuple[LoanLine, ...]
    total: int
    page: int
    pages: int


def find_loans(
    conn: Connection, wanted: LoanFilter, now: dt.datetime, reach: Reach
) -> LoanPage:
    """Return one page of the loans asked for that began or ended within reach."""
    today = county_day(now)
    table = schema.loans
    here = within(reach, table.c.loan_site, table.c.return_site)
    conditions = [here, *_conditions(wanted, today)]
    total = conn.execute(
        select(func.count()).select_from(table).where(*conditions)
    ).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    rows = conn.execute(
        select(table)
        .where(*conditions)
        .order_by(*_order(wanted))
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    lines = _lines(conn, list(rows.mappings()), today)
    return LoanPage(lines, total, page, pages)


def latest_loans(
    conn: Connection,
    about: ColumnElement[bool],
    now: dt.datetime,
    reach: Reach,
    limit: int = PAGE,
) -> tuple[LoanLine, ...]:
    """The newest loans of one reader or item; open ones first."""
    table = schema.loans
    rows = conn.execute(
        select(table)
        .where(about, within(reach, table.c.loan_site, table.c.return_site))
        .order_by(table.c.returned_at.is_not(None), table.c.loaned_at.desc())
        .limit(limit)
    )
    return _lines(conn, list(rows.mappings()), county_day(now))


def _order(wanted: LoanFilter) -> tuple[ColumnElement[Any], ...]:
    """Open loans, then closed ones, the latest first; overdue ones by their date."""
    loans = schema.loans.c
    if wanted.state == "overdue":
        return loans.due_on.asc(), loans.loan_id.asc()
    return loans.returned_at.is_not(None), loans.loaned_at.desc(), loans.loan_id.asc()


def _conditions(wanted: LoanFilter, today: dt.date) -> list[ColumnElement[bool]]:
    loans = schema.loans.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.state in {"open", "overdue"}:
        conditions.append(loans.returned_at.is_(None))
    if wanted.state == "overdue":
        conditions.append(loans.due_on < today)
    if wanted.site:
        conditions.append(
            or_(loans.loan_site == wanted.site, loans.return_site == wanted.site)
        )
    if wanted.item:
        conditions.append(_is_item(wanted.item))
    if wanted.patron:
        conditions.append(_is_patron(wanted.patron))
    return conditions


def _is_item(text: str) -> ColumnElement[bool]:
    items, titles = schema.items, schema.titles
    named = (
        select(items.c.barcode)
        .join(titles, titles.c.title_id == items.c.title_id)
        .where(titles.c.title.contains(text, autoescape=True))
    )
    loans = schema.loans.c
    return or_(loans.item == normalise(text), loans.item.in_(named))


def _is_patron(number: str) -> ColumnElement[bool]:
    credentials = schema.credentials
    owner = select(credentials.c.patron_ref).where(
        credentials.c.text == normalise(number)
    )
    return schema.loans.c.patron_ref.in_(owner)


def _lines(
    conn: Connection, rows: list[RowMapping], today: dt.date
) -> tuple[LoanLine, ...]:
    titles = item_titles(conn, [row["item"] for row in rows])
    patrons = patron_names(conn, [row["patron_ref"] for row in rows])
    sites = site_names(conn)
    return tuple(
        LoanLine(
            item=row["item"],
            title=titles.get(row["item"], ""),
            patron=patrons.get(row["patron_ref"]),
            site=sites.get(row["loan_site"], row["loan_site"]),
            loaned_at=row["loaned_at"],
            due_on=row["due_on"],
            late_days=_late_days(row, today),
            returned_at=row["returned_at"],
            return_site=sites.get(row["return_site"], row["return_site"] or ""),
            how_closed=row["how_closed"] or "",
        )
        for row in rows
    )


def _late_days(row: RowMapping, today: dt.date) -> int:
    returned: dt.datetime | None = row["returned_at"]
    due_on: dt.date = row["due_on"]
    until = county_day(returned) if returned else today
    return max(0, (until - due_on).days)
