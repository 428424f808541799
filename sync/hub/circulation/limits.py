"""Loans that the rules would not have allowed, as the facts have it now.

Which other books a reader had at the time depends on what has arrived, so the
loans of a reader are looked at again whenever one of them changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.policy import Refusal, may_lend
from kiosk.domain.rules import Rules
from kiosk.domain.values import county_day
from sync.hub.circulation import cases, shelf
from sync.hub.circulation.circulation import as_loan
from sync.hub.circulation.facts import Fact, Finding, LoanRecord, Place, Severity, side
from sync.hub.circulation.unit_of_work import UnitOfWork

PATRON_KINDS = ("lent_against_rules",)
#: Rules whose breach needs no attention: the next loan is refused by itself.
_MILD = {"E-LIMIT", "E-LIMIT-TYPE", "E-OVERDUE"}


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A loan with the fact that began it."""

    loan: LoanRecord
    fact: Fact

    @property
    def place(self) -> Place:
        return (self.loan.loaned_at, *self.fact.place[1:])

    def open_at(self, place: Place) -> bool:
        """Tell whether it was on loan when something else was lent."""
        ended = self.loan.returned_at
        return self.place < place and (ended is None or ended > place[0])


def breaches(
    borrowed: Sequence[Borrowed], since: dt.datetime, rules: Mapping[int, Rules]
) -> tuple[Finding, ...]:
    """What the rules say against one reader's loans that began at `since` or later."""
    return tuple(
        finding
        for one in borrowed
        if one.loan.loaned_at >= since
        for finding in _breach(one, borrowed, rules[one.fact.records.rules_version])
    )


def review(
    work: UnitOfWork, patron_ref: str, changed: Iterable[LoanRecord], now: dt.datetime
) -> tuple[Finding, ...]:
    """Store and return what is against the rules, after these loans changed."""
    own = [loan for loan in changed if loan.patron_ref == patron_ref]
    since = min(loan.loaned_at for loan in own)
    borrowed = _borrowed(work, patron_ref, since)
    versions = {one.fact.records.rules_version for one in borrowed}
    rules = {version: work.rules_of(version) for version in versions}
    findings = breaches(borrowed, since, rules)
    looked_at = {one.loan.loan_id for one in borrowed if one.loan.loaned_at >= since}
    names = looked_at | {loan.loan_id for loan in own}
    scope = work.cases.some(case_ids(names))
    about = {one.fact.fact_id: one.fact for one in borrowed}
    cases.reconcile(work, scope, findings, about, now)
    return findings


def case_ids(loan_ids: Iterable[str]) -> list[str]:
    """What the cases are called that a review of these loans may open."""
    return [f"{kind}:{name}" for name in loan_ids for kind in PATRON_KINDS]


def _breach(
    one: Borrowed, borrowed: Sequence[Borrowed], rules: Rules
) -> tuple[Finding, ...]:
    patron, item = one.fact.records.patron, one.fact.records.item
    if patron is None or item is None:
        return ()
    others = [
        other
        for other in borrowed
        if other.loan.item != one.loan.item and other.open_at(one.place)
    ]
    refusal = may_lend(
        patron,
        item,
        [as_loan(other.loan) for other in others],
        None,
        rules,
        county_day(one.loan.loaned_at),
        same_type_loans=sum(_type(other) == item.item_type for other in others),
    )
    if not isinstance(refusal, Refusal):
        return ()
    severity = Severity.LOW if refusal.reason in _MILD else Severity.MEDIUM
    sides = {
        "event": side(replace(one.fact, at=one.loan.loaned_at)),
        "rule": refusal.reason,
    }
    return (Finding("lent_against_rules", severity, one.fact.fact_id, sides),)


def _type(one: Borrowed) -> str:
    return one.fact.records.item.item_type if one.fact.records.item else ""


def _borrowed(
    work: UnitOfWork, patron_ref: str, since: dt.datetime
) -> tuple[Borrowed, ...]:
    """The reader's loans that began or were still open then, or at any time later."""
    records = shelf.loans_since(work, patron_ref, since)
    facts = shelf.facts(work, work.facts.some(loan.loan_id for loan in records))
    by_id = {fact.fact_id: fact for fact in facts}
    return tuple(Borrowed(loan, by_id[loan.loan_id]) for loan in records)
