"""Facts, loans and whereabouts of items in the database.

`play` stores what an item's history is by all facts known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import msgspec
from sqlalchemy import ColumnElement, or_, select

from sync.hub.circulation import cases
from sync.hub.circulation.circulation import PatronLoan
from sync.hub.circulation.facts import (
    Fact,
    Finding,
    History,
    HowClosed,
    LoanRecord,
    Move,
    Records,
    Standing,
)
from sync.hub.circulation.history import replay
from sync.hub.circulation.ordering import in_order
from sync.hub.circulation.patron_loans import Span
from sync.hub.circulation.records import completed, keep_item
from sync.hub.circulation.remarks import remarks
from sync.hub.circulation.rulings import agreed, as_ruled, ruling_of
from sync.hub.circulation.terms import with_terms
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.feed.feedmarks import Feed
from sync.hub.store import schema
from sync.hub.store.rows import Row, loan_value
from sync.hub.transfers.following import seen_at
from sync.protocol import Clock, Event

#: Found by playing an item's history; another fact may explain them.
ITEM_KINDS = (
    "loan_displaced",
    "loans_overlap",
    "loan_renewed_by_loan",
    "loan_repeated",
    "renewal_without_loan",
    "renewal_not_given",
    "return_or_loan_first",
    "return_stale",
    "closed_twice",
    "clock_not_believed",
    "promise_not_kept",
    "patron_unknown",
    "item_unknown",
    "item_found",
)
#: Worked out whenever a fact is read.
_DERIVED = {"due_on", "renewals", "kept", "placed"}
_FACT_FIELDS = tuple(f.name for f in fields(Fact) if f.name not in _DERIVED)
_LOAN_FIELDS = tuple(field.name for field in fields(LoanRecord))


@dataclass(frozen=True, slots=True)
class Played:
    """An item's history as it is now; `handled`: when it was at a kiosk, in order."""

    history: History
    findings: tuple[Finding, ...]
    handled: tuple[Fact, ...]


def facts_of(work: UnitOfWork, item: str) -> tuple[Fact, ...]:
    """Every fact about an item but holds, in no order; refused and withdrawn ones too."""
    rows = work.facts.having("item", item)
    return facts(work, (row for row in rows if row["move"] != Move.HOLD))


def handled(work: UnitOfWork, item: str) -> tuple[Fact, ...]:
    """The times when the item itself was at a kiosk, in order."""
    return _handled(facts_of(work, item))


def facts(work: UnitOfWork, rows: Iterable[Row]) -> tuple[Fact, ...]:
    """Rows of `schema.facts` as facts with their terms, as staff have ruled them."""
    return tuple(_known(work, row) for row in rows)


def facts_where(work: UnitOfWork, condition: ColumnElement[bool]) -> tuple[Fact, ...]:
    """Facts with their terms, in no order. `condition` is one on `schema.facts`."""
    rows = work.ask(select(schema.facts).where(condition)).mappings()
    return facts(work, map(dict, rows))


def fact(work: UnitOfWork, fact_id: str) -> Fact | None:
    """One fact as it was recorded: without its terms, and whatever staff ruled."""
    row = work.facts.get(fact_id)
    return None if row is None else _fact(row)


def put(work: UnitOfWork, new: Fact, event: Event) -> None:
    """Store a fact, or what it has become. `event` is the one that dates it."""
    row = {name: getattr(new, name) for name in _FACT_FIELDS} | {
        "records": msgspec.json.encode(new.records).decode(),
        "recorded_at": event.occurred_at,
        "recorded_clock": event.clock.value,
        "boot_id": event.boot_id,
        "monotonic_ns": event.monotonic_ns,
    }
    work.facts.put(row)


def patron_loans_at(
    work: UnitOfWork, patron_ref: str, at: dt.datetime, besides: str
) -> tuple[PatronLoan, ...]:
    """What the patron had on loan at this time, one item left out."""
    loans, items = schema.loans, schema.items
    rows = work.ask(
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


def play(
    work: UnitOfWork, item: str, now: dt.datetime, new: str | None = None
) -> Played:
    """Store an item's loans, whereabouts and cases as its facts have them now.

    `new` is the fact that came; None if some were dated anew.
    """
    known = facts_of(work, item)
    there = _handled(known)
    history = replay(known)
    item_known = keep_item(work, there)
    findings = (*history.findings, *remarks(known, item_known=item_known))
    _store_loans(work, item, history)
    if _moved(known, there, new):
        _store_location(work, item, seen_at(work, item, there))
    stored = work.cases.having("item", item)
    scope = [row for row in stored if row["kind"] in ITEM_KINDS]
    about = {one.fact_id: one for one in known}
    cases.reconcile(work, scope, findings, about, now)
    return Played(history, findings, there)


def loans_during(
    work: UnitOfWork, patron_ref: str, span: Span
) -> tuple[LoanRecord, ...]:
    """The patron's loans that were open at some moment of it."""
    return tuple(map(loan_record, work.patron_loans.during(patron_ref, span)))


def loan_record(row: Row) -> LoanRecord:
    """A row of `schema.loans`."""
    values = {name: row[name] for name in _LOAN_FIELDS}
    how = values["how_closed"]
    values["how_closed"] = how and HowClosed(how)
    return LoanRecord(**values)


def _handled(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    moves = {Move.LEND, Move.RETURN}
    firm = [one for one in facts if one.standing is Standing.FIRM]
    return tuple(one for one in in_order(firm) if one.move in moves)


def _store_loans(work: UnitOfWork, item: str, after: History) -> None:
    """Write what changed among the item's loans, and tell the kiosks."""
    rows = work.loans.having("item", item)
    stored = {row["loan_id"]: loan_record(row) for row in rows}
    wanted = {loan.loan_id: loan for loan in after.loans}
    changed = [loan for name, loan in wanted.items() if stored.get(name) != loan]
    old = [loan for name, loan in stored.items() if wanted.get(name) != loan]
    for loan in old:
        if loan.loan_id not in wanted:
            work.loans.drop(loan.loan_id)
    for loan in changed:
        work.loans.put({name: getattr(loan, name) for name in _LOAN_FIELDS})
    for loan in (*old, *changed):
        work.loans_before.setdefault(loan.loan_id, stored.get(loan.loan_id))
    work.feed.mark(Feed.LOAN, [loan.loan_ref for loan in (*old, *changed)])


def _moved(facts: Sequence[Fact], handled: Sequence[Fact], new: str | None) -> bool:
    """Tell whether the item is elsewhere by what came; staff may have moved it since."""
    if not handled or new is None or handled[-1].fact_id == new:
        return bool(handled)
    before = _handled([one for one in facts if one.fact_id != new])
    was = before[-1].site_id if before else None
    return handled[-1].site_id != was


def _store_location(work: UnitOfWork, barcode: str, site_id: str | None) -> None:
    """The item is where it was last handled, or where staff received it since."""
    item = work.item(barcode)
    if item is not None and site_id and item.current_site != site_id:
        work.put_item(replace(item, current_site=site_id))


def _known(work: UnitOfWork, row: Row) -> Fact:
    ruling = ruling_of(row["ruling"])
    fact = completed(work, as_ruled(_fact(row), ruling))
    terms = with_terms(fact, work.rules_of(fact.records.rules_version))
    return agreed(terms, ruling)


def _fact(row: Row) -> Fact:
    values = {name: row[name] for name in _FACT_FIELDS}
    values["move"] = Move(values["move"])
    values["standing"] = Standing(values["standing"])
    values["clock"] = Clock(values["clock"])
    values["records"] = msgspec.json.decode(values["records"], type=Records)
    return Fact(**values)
