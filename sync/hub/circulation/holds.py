"""Who waits for what, and which loans passed somebody who was waiting.

A hold on an item concerns that copy wherever it is. A hold on a title concerns
the copies at the site where the reader wants to fetch one: elsewhere a copy on
the shelf may be lent, or one reservation would block the county's whole stock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from sync.hub.circulation import cases, shelf
from sync.hub.circulation.facts import (
    Fact,
    Finding,
    LoanRecord,
    Move,
    Place,
    Severity,
    Standing,
    side,
)
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema
from sync.hub.store.identity_map import IdentityMap
from sync.hub.store.rows import Row

HOLD_KINDS = ("lent_while_on_hold", "renewed_while_on_hold")


@dataclass(frozen=True, slots=True)
class Hold:
    """A reader waits. `filled`: when, in the order of facts, a loan ended it."""

    fact: Fact
    filled: Place | None = None
    filled_by: str | None = None

    def waits_at(self, place: Place) -> bool:
        began, ended = self.fact.place < place, self.filled
        return began and (ended is None or ended >= place)

    def concerns(self, item: str, site_id: str) -> bool:
        if self.fact.item:
            return self.fact.item == item
        return self.fact.site_id == site_id

    def keeps_from(self, other: Fact) -> bool:
        """Tell whether this hold speaks against a loan or renewal by `other`."""
        return (
            self.fact.patron_ref != other.patron_ref
            and self.concerns(other.item, other.site_id)
            and self.waits_at(other.place)
        )


def filled(holds: Iterable[Fact], lent: Sequence[Fact]) -> tuple[Hold, ...]:
    """Each hold of a title with the first loan to its reader since, oldest first."""
    ordered = sorted(holds, key=lambda fact: fact.place)
    return tuple(_with_its_loan(hold, lent) for hold in ordered)


def passed_over(holds: Sequence[Hold], used: Iterable[Fact]) -> tuple[Finding, ...]:
    """A finding for each loan or renewal that passed a waiting reader; it stands."""
    return tuple(
        _finding(fact, waiting[0])
        for fact in used
        if (waiting := [hold for hold in holds if hold.keeps_from(fact)])
    )


def review(work: UnitOfWork, title_id: str, now: dt.datetime) -> tuple[Finding, ...]:
    """Store and return what the holds on a title and its copies come to now."""
    placed = _facts(work, title_id)
    if not placed:
        return ()
    firm = [fact for fact in placed if fact.standing is Standing.FIRM]
    copies = _copies(work, title_id)
    lent = _lent(work, copies)
    holds = filled(firm, lent)
    used = (*lent, *_renewed(work, copies))
    findings = passed_over(holds, used)
    _store(work, title_id, holds)
    stored = _of_items(work.cases, copies)
    scope = [row for row in stored if row["kind"] in HOLD_KINDS]
    cases.reconcile(work, scope, findings, {one.fact_id: one for one in used}, now)
    return findings


def titles(work: UnitOfWork) -> tuple[str, ...]:
    """The titles that readers have placed a hold on."""
    title_id = schema.holds.c.title_id
    return tuple(work.ask(select(title_id).distinct()).scalars())


def waiting(work: UnitOfWork, title_id: str) -> tuple[Hold, ...]:
    """The holds on a title or its copies that nothing has ended, oldest first."""
    placed = _facts(work, title_id)
    firm = [fact for fact in placed if fact.standing is Standing.FIRM]
    if not firm:
        return ()
    holds = filled(firm, _lent(work, _copies(work, title_id)))
    return tuple(hold for hold in holds if hold.filled is None)


def _with_its_loan(hold: Fact, lent: Sequence[Fact]) -> Hold:
    fits = [
        one
        for one in lent
        if one.patron_ref == hold.patron_ref
        and one.place > hold.place
        and hold.item in ("", one.item)
    ]
    if not fits:
        return Hold(hold)
    first = min(fits, key=lambda fact: fact.place)
    return Hold(hold, first.place, first.fact_id)


def _finding(fact: Fact, hold: Hold) -> Finding:
    renewal = fact.move is Move.RENEW
    kind = "renewed_while_on_hold" if renewal else "lent_while_on_hold"
    severity = Severity.LOW if renewal else Severity.MEDIUM
    sides = {"event": side(fact), "hold": side(hold.fact)}
    return Finding(kind, severity, fact.fact_id, sides)


def _facts(work: UnitOfWork, title_id: str) -> tuple[Fact, ...]:
    rows = work.facts.having("title_id", title_id) if title_id else ()
    return shelf.facts(work, rows)


def _lent(work: UnitOfWork, copies: Sequence[str]) -> tuple[Fact, ...]:
    """The facts that began a loan of a copy, dated as the loan is."""
    records = [shelf.loan_record(row) for row in _of_items(work.loans, copies)]
    rows = work.facts.some(loan.loan_id for loan in records)
    by_id = {fact.fact_id: fact for fact in shelf.facts(work, rows)}
    return tuple(_as_lent(by_id[loan.loan_id], loan) for loan in records)


def _as_lent(fact: Fact, loan: LoanRecord) -> Fact:
    return replace(fact, at=loan.loaned_at)


def _renewed(work: UnitOfWork, copies: Sequence[str]) -> tuple[Fact, ...]:
    rows = _of_items(work.facts, copies)
    renewals = [row for row in rows if row["move"] == Move.RENEW]
    facts = shelf.facts(work, renewals)
    return tuple(fact for fact in facts if fact.standing is Standing.FIRM)


def _copies(work: UnitOfWork, title_id: str) -> tuple[str, ...]:
    return tuple(row["barcode"] for row in work.items.having("title_id", title_id))


def _of_items(rows: IdentityMap, items: Sequence[str]) -> list[Row]:
    rows.fetch_having("item", items)
    return [row for item in items for row in rows.known("item", item)]


def _store(work: UnitOfWork, title_id: str, holds: Sequence[Hold]) -> None:
    wanted = {hold.fact.fact_id: _row(hold) for hold in holds}
    for row in work.holds.having("title_id", title_id):
        if row["hold_id"] not in wanted:
            work.holds.drop(row["hold_id"])
    for row in wanted.values():
        work.holds.put(row)


def _row(hold: Hold) -> Row:
    fact = hold.fact
    return {
        "hold_id": fact.fact_id,
        "title_id": fact.title_id,
        "item": fact.item,
        "patron_ref": fact.patron_ref,
        "site_id": fact.site_id,
        "placed_at": fact.at,
        "filled_by": hold.filled_by,
    }
