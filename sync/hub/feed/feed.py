"""The mirror feed: pages of what changed, as the values that kiosks keep.

A thing that changed many times appears once, at its newest version. What is not
there any more (a loan that ended, a card that was taken back) is `Removed`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, RowMapping, Table, select

from kiosk.domain.values import Credential, Hold
from sync.hub.circulation.hold_values import ACTIVE
from sync.hub.county.card_kinds import CardState
from sync.hub.county.rulebook import signed_rules
from sync.hub.feed.areas import area_of
from sync.hub.feed.feedmarks import Feed
from sync.hub.feed.feedruns import newest, run_of, runs_after
from sync.hub.store import schema
from sync.hub.store.rows import (
    hold_value,
    item_value,
    loan_value,
    patron_value,
    site_value,
    title_value,
)
from sync.protocol import (
    Change,
    CredentialChanged,
    FeedPage,
    ItemChanged,
    LoanChanged,
    PatronChanged,
    Removed,
    RulesChanged,
    SiteChanged,
    TitleChanged,
)

#: Changes on one page, at most.
MAX_PAGE = 1000

_kind = itemgetter("kind")
_Fetch = Callable[[Connection, Sequence[str]], Mapping[str, Change]]


def page(
    conn: Connection, cursor: int, limit: int, now: dt.datetime, site_id: str
) -> FeedPage:
    """Changes after a cursor that is known here, at most `limit`, in order.

    As a kiosk at `site_id` may know them.
    """
    marks = _marks(conn, cursor, limit + 1)
    shown, more = marks[:limit], len(marks) > limit
    end = shown[-1]["version"] if more else newest(conn).version
    holds = _active_holds(conn, shown)
    others = [mark for mark in shown if (mark["kind"], mark["key"]) not in holds]
    return FeedPage(
        changes=_changes(conn, others, site_id),
        holds=tuple(holds.values()),
        cursor=end,
        run=run_of(conn, end),
        runs=runs_after(conn, cursor),
        more=more,
        hub_time=now,
    )


def _marks(conn: Connection, cursor: int, limit: int) -> Sequence[RowMapping]:
    feed = schema.feed.c
    rows = conn.execute(
        select(feed.kind, feed.key, feed.version)
        .where(feed.version > cursor)
        .order_by(feed.version)
        .limit(limit)
    )
    return rows.mappings().all()


def _changes(
    conn: Connection, marks: Sequence[RowMapping], site_id: str
) -> tuple[Change, ...]:
    fetches = _FETCH | {Feed.PATRON: partial(_patrons, site_id)}
    found: dict[tuple[str, str], Change] = {}
    known = [mark for mark in marks if Feed(mark["kind"]) in fetches]
    for kind, group in groupby(sorted(known, key=_kind), _kind):
        keys = [mark["key"] for mark in group]
        values = fetches[Feed(kind)](conn, keys)
        found |= {(kind, key): value for key, value in values.items()}
    return tuple(
        found.get((mark["kind"], mark["key"])) or Removed(mark["kind"], mark["key"])
        for mark in marks
    )


def _active_holds(
    conn: Connection, marks: Sequence[RowMapping]
) -> Mapping[tuple[str, str], Hold]:
    """The holds among what changed that nothing has ended, by their marks."""
    keys = [mark["key"] for mark in marks if mark["kind"] == Feed.HOLD]
    if not keys:
        return {}
    table = schema.holds
    rows = conn.execute(
        select(table).where(
            table.c.hold_id.in_(keys), table.c.state.in_(sorted(ACTIVE))
        )
    ).mappings()
    return {(Feed.HOLD.value, row["hold_id"]): hold_value(row) for row in rows}


def _values(table: Table, value: Callable[[RowMapping], Change]) -> _Fetch:
    """Fetch rows of a table by its primary key, each made into a change."""
    (key,) = table.primary_key.columns

    def fetch(conn: Connection, keys: Sequence[str]) -> dict[str, Change]:
        rows = conn.execute(select(table).where(key.in_(keys))).mappings()
        return {row[key.name]: value(row) for row in rows}

    return fetch


def _patrons(site_id: str, conn: Connection, keys: Sequence[str]) -> dict[str, Change]:
    """Readers; with a name, masked, where they are at home in the site's area."""
    table, area = schema.patrons, area_of(conn, site_id)
    rows = conn.execute(select(table).where(table.c.patron_ref.in_(keys))).mappings()
    found: dict[str, Change] = {}
    for row in rows:
        patron = patron_value(row)
        known = patron if row["home_site"] in area else replace(patron, name="")
        found[patron.patron_ref] = PatronChanged(known)
    return found


def _open_loans(conn: Connection, keys: Sequence[str]) -> dict[str, Change]:
    """Kiosks know a loan by the reference made where the loan was made."""
    table = schema.loans
    rows = conn.execute(
        select(table).where(table.c.loan_ref.in_(keys), table.c.returned_at.is_(None))
    ).mappings()
    return {row["loan_ref"]: LoanChanged(loan_value(row)) for row in rows}


def _rules(conn: Connection, keys: Sequence[str]) -> dict[str, Change]:
    changed = RulesChanged(signed_rules(conn))
    return dict.fromkeys(keys, changed)


def _working_credentials(conn: Connection, keys: Sequence[str]) -> dict[str, Change]:
    """A lost card is removed: no kiosk knows it any more."""
    table = schema.credentials
    rows = conn.execute(
        select(table.c.digest, table.c.patron_ref).where(
            table.c.digest.in_(keys), table.c.state == CardState.ACTIVE.value
        )
    )
    return {
        row.digest: CredentialChanged(Credential(row.digest, row.patron_ref))
        for row in rows
    }


_FETCH: dict[Feed, _Fetch] = {
    Feed.CREDENTIAL: _working_credentials,
    Feed.TITLE: _values(schema.titles, lambda row: TitleChanged(title_value(row))),
    Feed.ITEM: _values(schema.items, lambda row: ItemChanged(item_value(row))),
    Feed.LOAN: _open_loans,
    Feed.SITE: _values(schema.sites, lambda row: SiteChanged(site_value(row))),
    Feed.RULES: _rules,
}
