"""What a reader is told who has placed a hold."""

from __future__ import annotations

from sqlalchemy import func, select

from sync.hub.circulation.circulation import ACCEPTED, Decision
from sync.hub.circulation.facts import Fact
from sync.hub.circulation.hold_terms import hold_limit
from sync.hub.circulation.hold_values import ACTIVE, HoldState
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema
from sync.protocol import Outcome


def hold_answer(work: UnitOfWork, fact: Fact) -> Decision:
    """Declined for who is suspended; more than the limit is noticed, and stands."""
    row = work.holds.get(fact.fact_id)
    if row is not None and row["state"] == HoldState.DECLINED:
        return Decision(Outcome.ACCEPTED_WITH_NOTICE, "hold.suspended")
    patron = fact.records.patron
    if row is None or patron is None:
        return ACCEPTED
    limit = hold_limit(work.rules_of(work.rules_version), patron.patron_type)
    if active_holds(work, fact.patron_ref) > limit:
        return Decision(Outcome.ACCEPTED_WITH_NOTICE, "hold.limit", {"n": limit})
    return ACCEPTED


def active_holds(work: UnitOfWork, patron_ref: str) -> int:
    """How many books a reader waits for."""
    table = schema.holds.c
    counted = select(func.count()).where(
        table.patron_ref == patron_ref, table.state.in_(sorted(ACTIVE))
    )
    return int(work.ask(counted).scalar_one())
