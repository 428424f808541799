"""Facts, loans and whereabouts of items in the database.

`apply` adds one fact and stores what the item's history has become by it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, RowMapping, delete, or_, select, update

from sync.hub import cases, schema
from sync.hub.circulation import PatronLoan
from sync.hub.facts import Fact, Finding, History, HowClosed, LoanRecord, Move, Standing
from sync.hub.feedmarks import Feed, mark
from sync.hub.history import replay
from sync.hub.ordering import in_order
from sync.hub.rows import loan_value, one, put_rows
from sync.protocol import Clock, Event

_FACT_FIELDS = tuple(field.name for field in fields(Fact))
_LOAN_FIELDS = tuple(field.name for field in fields(LoanRecord))


def facts_of(conn: Connection, item: str) -> tuple[Fact, ...]:
    """Every fact about an item, in no order; refused and withdrawn ones too."""
    table = schema.facts
    rows = conn.execute(select(table).where(table.c.item == item)).mappings()
    return tuple(_fact(row) for row in rows)


def fact(conn: Connection, fact_id: str) -> Fact | None:
    row = one(conn, schema.facts, fact_id)
    return None if row is None else _fact(row)


def patron_loans_at(
    conn: Connection, patron_ref: str, at: dt.datetime, besides: str
) -> tuple[PatronLoan, ...]:
    """What the patron had on loan at this time, one item left out."""
    loans, items = schema.loans, schema.items
    rows = conn.execute(
        select(loans, items.c.item_type)
        .join(items, items.c.barcode == loans.c.item)
        .where(
            loans.c.patron_ref == patron_ref,
            loans.c.item != besides,
            loans.c.loaned_at <= at,
            or_(loans.c.returned_at.is_(None), loans.c.returned_at > at),
        )
    ).mappings()
    return tuple(PatronLoan(loan_value(row), row["item_type"]) for row in rows)


def apply(conn: Connection, new: Fact, event: Event, now: dt.datetime) -> History:
    """Store a fact, or its new standing, and the history that follows from it."""
    known = facts_of(conn, new.item)
    put_rows(conn, schema.facts, [_fact_row(new, event)])
    facts = (*(old for old in known if old.fact_id != new.fact_id), new)
    return _store(conn, replay(known), facts, new, now)


def play_again(conn: Connection, item: str, now: dt.datetime) -> None:
    """Store an item's history anew after its facts were re-dated."""
    facts = facts_of(conn, item)
    _store(conn, History(), facts, facts[-1], now)


def _store(
    conn: Connection,
    before: History,
    facts: Sequence[Fact],
    new: Fact,
    now: dt.datetime,
) -> History:
    after = replay(facts)
    _store_loans(conn, new.item, after)
    _store_location(conn, before, after, facts, new)
    cases.settle_history(conn, new.item, after.findings, now)
    _open_history_cases(conn, after.findings, facts, now)
    return after


def _store_loans(conn: Connection, item: str, after: History) -> None:
    """Write what changed among the item's loans, and tell the kiosks."""
    table = schema.loans
    rows = conn.execute(select(table).where(table.c.item == item)).mappings()
    stored = {row["loan_id"]: _loan(row) for row in rows}
    wanted = {loan.loan_id: loan for loan in after.loans}
    changed = [loan for name, loan in wanted.items() if stored.get(name) != loan]
    gone = [loan for name, loan in stored.items() if name not in wanted]
    if gone:
        names = [loan.loan_id for loan in gone]
        conn.execute(delete(table).where(table.c.loan_id.in_(names)))
    if changed:
        put_rows(conn, table, [asdict(loan) for loan in changed])
    mark(conn, Feed.LOAN, [loan.loan_ref for loan in (*gone, *changed)])


def _store_location(
    conn: Connection,
    before: History,
    after: History,
    facts: Sequence[Fact],
    new: Fact,
) -> None:
    """The item is where it was last handled; staff may have moved it since."""
    ordered = in_order(facts)
    newest = bool(ordered) and ordered[-1].fact_id == new.fact_id
    if after.location is None or not (newest or before.location != after.location):
        return
    table = schema.items
    moved = conn.execute(
        update(table)
        .where(table.c.barcode == new.item, table.c.current_site != after.location)
        .values(current_site=after.location)
    )
    if moved.rowcount:
        mark(conn, Feed.ITEM, [new.item])


def _open_history_cases(
    conn: Connection,
    findings: Iterable[Finding],
    facts: Sequence[Fact],
    now: dt.datetime,
) -> None:
    by_id = {one.fact_id: one for one in facts}
    for finding in findings:
        about = by_id[finding.event_id]
        cases.open_cases(
            conn, [finding], now, about.kiosk_id, about.item, about.patron_ref or None
        )


def _fact_row(new: Fact, event: Event) -> Mapping[str, object]:
    return asdict(new) | {
        "recorded_at": event.occurred_at,
        "recorded_clock": event.clock.value,
        "boot_id": event.boot_id,
        "monotonic_ns": event.monotonic_ns,
    }


def _fact(row: RowMapping) -> Fact:
    values = {name: row[name] for name in _FACT_FIELDS}
    values["move"] = Move(values["move"])
    values["standing"] = Standing(values["standing"])
    values["clock"] = Clock(values["clock"])
    return Fact(**values)


def _loan(row: RowMapping) -> LoanRecord:
    values = {name: row[name] for name in _LOAN_FIELDS}
    how = values["how_closed"]
    values["how_closed"] = how and HowClosed(how)
    return LoanRecord(**values)
