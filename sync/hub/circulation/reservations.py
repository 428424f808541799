"""Books that were granted to a reader whose kiosk has not said yet what came of it.

A reservation keeps two kiosks from being granted the same copy, and a stack of
asks within the reader's limit. It is part of an answer, not of what happened: no
loan, and no kiosk is told of it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, and_

from kiosk.domain.values import Loan
from sync.hub.circulation import shelf
from sync.hub.circulation.circulation import PatronLoan
from sync.hub.circulation.facts import Fact, Move, Standing
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema

#: How long an ask without a close counts. A kiosk closes it within seconds and says so
#: at once; after a cut of the network it does so when the network is back. One that is
#: silent for longer may be so for weeks, and must not keep the copy from anybody.
GRACE = dt.timedelta(hours=2)


def reserved_by(work: UnitOfWork, fact: Fact, now: dt.datetime) -> str | None:
    """Another reader to whom this item was granted a moment ago."""
    facts = schema.facts.c
    granted = _granted(work, facts.item == fact.item, now)
    others = [one for one in granted if one.patron_ref != fact.patron_ref]
    return others[0].patron_ref if others else None


def granted_to(
    work: UnitOfWork, fact: Fact, now: dt.datetime
) -> tuple[PatronLoan, ...]:
    """Other books that were granted to this reader a moment ago."""
    facts = schema.facts.c
    granted = _granted(work, facts.patron_ref == fact.patron_ref, now)
    return tuple(_as_loan(one) for one in granted if one.item != fact.item)


def _granted(
    work: UnitOfWork, condition: ColumnElement[bool], now: dt.datetime
) -> tuple[Fact, ...]:
    facts = schema.facts.c
    return shelf.facts_where(
        work,
        and_(
            condition,
            facts.standing == Standing.ASKED.value,
            facts.move == Move.LEND.value,
            facts.at > now - GRACE,
        ),
    )


def _as_loan(fact: Fact) -> PatronLoan:
    loan = Loan(fact.loan_ref, fact.item, fact.patron_ref, fact.at, fact.due_on)
    item = fact.records.item
    return PatronLoan(loan, item.item_type if item else "")
