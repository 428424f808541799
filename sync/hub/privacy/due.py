"""Which facts about an item no longer need to say who the reader was: pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sync.hub.circulation.facts import Fact, LoanRecord, Standing
from sync.hub.circulation.former import is_former
from sync.hub.circulation.reading import NOBODY


@dataclass(frozen=True, slots=True)
class Scope:
    """What happened by `cut_off` is forgotten, but for readers who are `spared`.

    `only`: everything of this one reader, whenever it was, and of nobody else.
    """

    cut_off: dt.datetime
    spared: frozenset[str] = frozenset()
    only: str | None = None

    def concerns(self, patron_ref: str) -> bool:
        if self.only is not None:
            return patron_ref == self.only
        return is_person(patron_ref) and patron_ref not in self.spared

    def is_over(self, at: dt.datetime | None) -> bool:
        return self.only is not None or (at is not None and at <= self.cut_off)


def is_person(patron_ref: str) -> bool:
    """Whether it may lead to a reader."""
    return patron_ref not in ("", NOBODY) and not is_former(patron_ref)


def due_facts(
    facts: Iterable[Fact], loans: Iterable[LoanRecord], scope: Scope
) -> Mapping[str, frozenset[str]]:
    """By reader, the facts to be forgotten; both dated as they were played.

    A loan that is open or ended lately keeps all that its reader did since it began.
    An ask without an answer waits for it: that would not say again who it was.
    """
    begun: dict[str, list[LoanRecord]] = defaultdict(list)
    for loan in loans:
        if not scope.is_over(loan.returned_at):
            begun[loan.patron_ref].append(loan)
    due = defaultdict(set)
    for fact in facts:
        kept = begun[fact.patron_ref]
        if _is_due(fact, scope) and not any(_belongs(fact, loan) for loan in kept):
            due[fact.patron_ref].add(fact.fact_id)
    return {reader: frozenset(names) for reader, names in due.items()}


def _is_due(fact: Fact, scope: Scope) -> bool:
    waits = fact.standing is Standing.ASKED and scope.only is None
    return scope.concerns(fact.patron_ref) and scope.is_over(fact.at) and not waits


def _belongs(fact: Fact, loan: LoanRecord) -> bool:
    return fact.fact_id == loan.loan_id or fact.at >= loan.loaned_at
