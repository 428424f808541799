"""Loans as staff look for them: by state, site, item and patron; page after page by key.

Open and closed loans are read one after the other, each from an index, so the
thousandth page costs what the first one does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from kiosk.domain.credentials import normalise
from kiosk.domain.values import county_day
from sync.hub.county.permits import Reach
from sync.hub.county.search_terms import Kind, asked, keys_found
from sync.hub.desk.formats import utc_written
from sync.hub.desk.lookups import PatronName, item_titles, names_of_sites, patron_names
from sync.hub.desk.permission import within
from sync.hub.store import schema

PAGE = 50
#: More than this many are not counted.
COUNTED = 10_000
OVERDUE = "overdue"
_LOANS = schema.loans


@dataclass(frozen=True, slots=True)
class LoanPlace:
    """The last loan of a page, where the next one begins.

    `at`: when it was lent, or its due date in a list of overdue ones.
    """

    closed: bool
    at: dt.datetime | dt.date
    loan_id: str

    @property
    def written(self) -> str:
        """As an address has it."""
        kind = "closed" if self.closed else "open"
        return f"{kind} {self.at.isoformat()} {self.loan_id}"

    @classmethod
    def read(cls, text: str, state: str) -> LoanPlace:
        """A place in a list of this state. Raises ValueError for what is none."""
        kind, at, loan_id = text.split(" ", 2)
        when: dt.datetime | dt.date
        when = dt.date.fromisoformat(at) if state == OVERDUE else utc_written(at)
        return cls(kind == "closed", when, loan_id)


@dataclass(frozen=True, slots=True)
class LoanFilter:
    """What to show; empty texts ask for everything. `after`: the end of the page before.

    `item`: a barcode or words of a title. `patron`: a whole card number.
    """

    state: str = "open"
    site: str = ""
    item: str = ""
    patron: str = ""
    after: LoanPlace | None = None

    @property
    def is_overdue(self) -> bool:
        return self.state == OVERDUE


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
    """`total` stops at `COUNTED` + 1; `next` is None on the last page."""

    lines: tuple[LoanLine, ...]
    total: int
    next: LoanPlace | None


def find_loans(
    conn: Connection, wanted: LoanFilter, now: dt.datetime, reach: Reach
) -> LoanPage:
    """Return one page of the loans asked for that began or ended within reach."""
    today = county_day(now)
    here = within(reach, _LOANS.c.loan_site, _LOANS.c.return_site)
    conditions = [here, *_conditions(wanted, today)]
    some = select(_LOANS.c.loan_id).where(*conditions).limit(COUNTED + 1).subquery()
    total = conn.execute(select(func.count()).select_from(some)).scalar_one()
    rows = _rows(conn, wanted, conditions)
    is_more = len(rows) > PAGE
    lines = _lines(conn, rows[:PAGE], today)
    return LoanPage(lines, total, _place(rows[PAGE - 1], wanted) if is_more else None)


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


def _rows(
    conn: Connection, wanted: LoanFilter, conditions: Sequence[ColumnElement[bool]]
) -> list[RowMapping]:
    """The loans of a page and one more: open ones, then closed ones."""
    found: list[RowMapping] = []
    for closed in (False, True):
        if len(found) > PAGE or (wanted.after and wanted.after.closed > closed):
            continue
        is_closed = _LOANS.c.returned_at.is_not(None)
        part = [*conditions, is_closed if closed else ~is_closed]
        if wanted.after and wanted.after.closed == closed:
            part.append(_beyond(wanted.after, wanted))
        query = select(_LOANS).where(*part).order_by(*_order(wanted))
        found += conn.execute(query.limit(PAGE + 1 - len(found))).mappings()
    return found


def _order(wanted: LoanFilter) -> tuple[ColumnElement[Any], ...]:
    """The latest first; overdue ones by their date."""
    if wanted.is_overdue:
        return _LOANS.c.due_on.asc(), _LOANS.c.loan_id.asc()
    return _LOANS.c.loaned_at.desc(), _LOANS.c.loan_id.desc()


def _beyond(after: LoanPlace, wanted: LoanFilter) -> ColumnElement[bool]:
    column = _LOANS.c.due_on if wanted.is_overdue else _LOANS.c.loaned_at
    last = tuple_(literal(after.at, column.type), literal(after.loan_id))
    here = tuple_(column, _LOANS.c.loan_id)
    return here > last if wanted.is_overdue else here < last


def _place(row: RowMapping, wanted: LoanFilter) -> LoanPlace:
    at = row["due_on"] if wanted.is_overdue else row["loaned_at"]
    return LoanPlace(row["returned_at"] is not None, at, row["loan_id"])


def _conditions(wanted: LoanFilter, today: dt.date) -> list[ColumnElement[bool]]:
    loans = schema.loans.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.state in {"open", OVERDUE}:
        conditions.append(loans.returned_at.is_(None))
    if wanted.is_overdue:
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
    """A copy by its barcode, or those of the titles that the catalogue finds so."""
    barcode = normalise(text)
    terms = asked(text)
    if not terms:
        return _LOANS.c.item == barcode
    items = schema.items.c
    named = select(items.barcode).where(
        items.title_id.in_(keys_found(Kind.TITLE, terms))
    )
    # Not by "or": then no index would lead to the loans.
    return _LOANS.c.item.in_(union_all(select(literal(barcode)), named))


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
    places = [row[name] for row in rows for name in ("loan_site", "return_site")]
    sites = names_of_sites(conn, places)
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
