"""Who waits for what, and which loans passed somebody who was waiting.

A hold on an item concerns that copy wherever it is. A hold on a title concerns
the copies at the site where the reader wants to fetch one: elsewhere a copy on
the shelf may be lent, or one reservation would block the county's whole stock. Once
a copy is set aside for a reader, it is the only one that is kept from others, until
the last day to fetch it. Who waits longer comes first, and who waits at all before
who does not; kiosks have the same rule (`kiosk.domain.holds`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import select

from kiosk.domain.values import county_day
from sync.hub.circulation import cases, shelf
from sync.hub.circulation.facts import (
    Fact,
    Finding,
    LoanRecord,
    Move,
    Severity,
    Standing,
    side,
)
from sync.hub.circulation.hold_claims import in_the_way
from sync.hub.circulation.hold_queue import play
from sync.hub.circulation.hold_terms import keep_until
from sync.hub.circulation.hold_travel import received, tell_transfers
from sync.hub.circulation.hold_values import (
    Act,
    Hold,
    SetDown,
    Step,
    Terms,
)
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.feed.feedmarks import Feed
from sync.hub.store import schema
from sync.hub.store.identity_map import IdentityMap
from sync.hub.store.rows import Row

HOLD_KINDS = ("lent_while_on_hold", "renewed_while_on_hold")


def passed_over(holds: Sequence[Hold], used: Iterable[Fact]) -> tuple[Finding, ...]:
    """A finding for each loan or renewal that passed a waiting reader; it stands."""
    return tuple(
        _finding(fact, hold)
        for fact in used
        if (hold := in_the_way(holds, fact)) is not None
    )


def review(work: UnitOfWork, title_id: str, now: dt.datetime) -> tuple[Finding, ...]:
    """Store and return what the holds on a title and its copies come to now."""
    placed = _facts(work, title_id)
    if not placed:
        return ()
    copies = _copies(work, title_id)
    lent = _lent(work, copies)
    holds = _played(work, title_id, placed, lent)
    used = (*lent, *_moves(work, copies, Move.RENEW))
    findings = passed_over(holds, used)
    _store(work, title_id, holds, now)
    stored = _of_items(work.cases, copies)
    scope = [row for row in stored if row["kind"] in HOLD_KINDS]
    cases.reconcile(work, scope, findings, {one.fact_id: one for one in used}, now)
    return findings


def titles(work: UnitOfWork) -> tuple[str, ...]:
    """The titles that readers have placed a hold on."""
    title_id = schema.holds.c.title_id
    return tuple(work.ask(select(title_id).distinct()).scalars())


def on_title(work: UnitOfWork, title_id: str) -> tuple[Hold, ...]:
    """All holds on a title or its copies, in the order of the queue."""
    placed = _facts(work, title_id)
    if not placed:
        return ()
    return _played(work, title_id, placed, _lent(work, _copies(work, title_id)))


def waiting(work: UnitOfWork, title_id: str) -> tuple[Hold, ...]:
    """Those that nothing has ended."""
    return tuple(hold for hold in on_title(work, title_id) if hold.is_active)


def _played(
    work: UnitOfWork, title_id: str, placed: Sequence[Fact], lent: Sequence[Fact]
) -> tuple[Hold, ...]:
    firm = [fact for fact in placed if fact.standing is Standing.FIRM]
    if not firm:
        return ()
    copies = _copies(work, title_id)
    steps = [_step(row) for row in work.hold_steps.having("title_id", title_id)]
    work.hold_bars.fetch_having("patron_ref", [fact.patron_ref for fact in firm])
    happened: list[Fact | SetDown | Step] = [
        *lent,
        *_moves(work, copies, Move.RETURN),
        *received(_of_items(work.transfers, copies)),
        *steps,
    ]
    return play(firm, happened, _terms(work))


def _terms(work: UnitOfWork) -> Terms:
    def barred(hold: Fact) -> bool:
        bars = work.hold_bars.having("patron_ref", hold.patron_ref)
        return any(
            bar["since"] < hold.at and (bar["until"] is None or hold.at < bar["until"])
            for bar in bars
        )

    def last_day(hold: Fact, since: dt.datetime) -> dt.date:
        rules = work.rules_of(hold.records.rules_version)
        return keep_until(county_day(since), rules, hold.site_id)

    return Terms(barred, last_day)


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


def _moves(work: UnitOfWork, copies: Sequence[str], move: Move) -> tuple[Fact, ...]:
    rows = _of_items(work.facts, copies)
    facts = shelf.facts(work, (row for row in rows if row["move"] == move))
    return tuple(fact for fact in facts if fact.standing is Standing.FIRM)


def _copies(work: UnitOfWork, title_id: str) -> tuple[str, ...]:
    return tuple(row["barcode"] for row in work.items.having("title_id", title_id))


def _of_items(rows: IdentityMap, items: Sequence[str]) -> list[Row]:
    rows.fetch_having("item", items)
    return [row for item in items for row in rows.known("item", item)]


def _step(row: Row) -> Step:
    names = ("step_id", "hold_id", "at", "item", "site_id")
    return Step(act=Act(row["act"]), **{name: row[name] for name in names})


def _store(
    work: UnitOfWork, title_id: str, holds: Sequence[Hold], now: dt.datetime
) -> None:
    wanted = {hold.fact.fact_id: _row(hold) for hold in holds}
    stored = {row["hold_id"]: row for row in work.holds.having("title_id", title_id)}
    for hold_id in stored.keys() - wanted.keys():
        work.holds.drop(hold_id)
        work.feed.mark(Feed.HOLD, [hold_id])
    for hold_id, row in wanted.items():
        if stored.get(hold_id) != row:
            work.holds.put(row)
            work.feed.mark(Feed.HOLD, [hold_id])
    tell_transfers(work, holds, stored, now)


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
        "state": hold.state.value,
        "copy": hold.copy,
        "copy_site": hold.copy_site,
        "since": hold.since[0] if hold.since else None,
        "keep_until": hold.keep_until,
    }
