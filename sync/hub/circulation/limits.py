"""Loans that the rules would not have allowed, as the facts have it now.

Which other books a reader had at the time depends on what has arrived, so the
loans of a reader are looked at again whenever one of them changes.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from kiosk.domain.policy import Refusal, may_lend
from kiosk.domain.rules import Rules
from kiosk.domain.values import county_day
from sync.hub.circulation import cases, shelf
from sync.hub.circulation.circulation import as_loan
from sync.hub.circulation.facts import Fact, Finding, LoanRecord, Place, Severity, side
from sync.hub.circulation.patron_loans import NO_END, Span
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

    def began_since(self, moment: dt.datetime) -> bool:
        return self.loan.loaned_at >= moment


def breaches(
    borrowed: Iterable[Borrowed], since: dt.datetime, rules: Mapping[int, Rules]
) -> Iterator[Finding]:
    """What the rules say against one reader's loans that began at `since` or later."""
    still_out: list[Borrowed] = []
    for one in sorted(borrowed, key=lambda each: each.place):
        still_out = [other for other in still_out if other.open_at(one.place)]
        if one.began_since(since):
            yield from _breach(one, still_out, rules[one.fact.records.rules_version])
        still_out.append(one)


def settle(work: UnitOfWork, now: dt.datetime) -> None:
    """Store what is against the rules, after all loans that have changed by now.

    Once for many events: a book that was lent and returned was on loan for just
    that time, and says nothing about what its reader has borrowed since.
    """
    spans = {ref: _span(loans) for ref, loans in _changed(work).items()}
    _prefetch(work, spans)
    findings: list[Finding] = []
    about: dict[str, Fact] = {}
    names = set(work.loans_before)
    for patron_ref, span in spans.items():
        borrowed = _borrowed(work, patron_ref, span)
        findings += breaches(borrowed, span.since, _rules(work, borrowed))
        about |= {one.fact.fact_id: one.fact for one in borrowed}
        names |= {one.loan.loan_id for one in borrowed if one.began_since(span.since)}
    # Of all readers at once: a loan may have become that of another one.
    cases.reconcile(work, work.cases.some(case_ids(names)), findings, about, now)
    work.loans_before.clear()


def against(work: UnitOfWork, loan: LoanRecord) -> tuple[Finding, ...]:
    """What the rules say of this one loan, by what its reader had at the time."""
    span = Span(loan.loaned_at, loan.loaned_at)
    borrowed = _borrowed(work, loan.patron_ref, span)
    found = breaches(borrowed, loan.loaned_at, _rules(work, borrowed))
    return tuple(one for one in found if one.event_id == loan.loan_id)


def case_ids(loan_ids: Iterable[str]) -> list[str]:
    """What the cases are called that a review of these loans may open."""
    return [f"{kind}:{name}" for name in loan_ids for kind in PATRON_KINDS]


def _changed(work: UnitOfWork) -> Mapping[str, Sequence[LoanRecord]]:
    """Loans by reader, as they were and as they are."""
    by_reader: defaultdict[str, list[LoanRecord]] = defaultdict(list)
    for loan_id, before in work.loans_before.items():
        after = map(shelf.loan_record, work.loans.some([loan_id]))
        for loan in (*after, *([before] if before else [])):
            by_reader[loan.patron_ref].append(loan)
    return by_reader


def _span(loans: Sequence[LoanRecord]) -> Span:
    """From when the first of them began until the last one ended."""
    since = min(loan.loaned_at for loan in loans)
    return Span(since, max(since, *(loan.returned_at or NO_END for loan in loans)))


def _prefetch(work: UnitOfWork, spans: Mapping[str, Span]) -> None:
    """Read at once what reviews of these readers will ask for; it saves questions."""
    if not spans:
        return
    work.patron_loans.fetch(spans, reduce(Span.joined_with, spans.values()))
    names = [
        row["loan_id"]
        for ref, span in spans.items()
        for row in work.patron_loans.during(ref, span)
    ]
    work.facts.fetch(names)
    work.cases.fetch(case_ids(names))


def _rules(work: UnitOfWork, borrowed: Iterable[Borrowed]) -> dict[int, Rules]:
    versions = {one.fact.records.rules_version for one in borrowed}
    return {version: work.rules_of(version) for version in versions}


def _breach(
    one: Borrowed, still_out: Sequence[Borrowed], rules: Rules
) -> tuple[Finding, ...]:
    """`still_out`: what else the reader had when this was lent."""
    patron, item = one.fact.records.patron, one.fact.records.item
    if patron is None or item is None:
        return ()
    others = [other for other in still_out if other.loan.item != one.loan.item]
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


def _borrowed(work: UnitOfWork, patron_ref: str, span: Span) -> tuple[Borrowed, ...]:
    records = shelf.loans_during(work, patron_ref, span)
    facts = shelf.facts(work, work.facts.some(loan.loan_id for loan in records))
    by_id = {fact.fact_id: fact for fact in facts}
    return tuple(Borrowed(loan, by_id[loan.loan_id]) for loan in records)
