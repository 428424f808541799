"""Lending: ask the hub or decide alone, record durably, and only then say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.policy import Refusal
from kiosk.domain.session import Book, Line
from kiosk.domain.values import Patron
from kiosk.service.daybook import Daybook, Result, how
from kiosk.service.local_rule import LocalRule
from kiosk.service.plans import Plan, iso
from kiosk.service.ports import Draft, Moment, Security
from kiosk.view import LineState, Message
from sync.protocol import Kind, Mode, Verdict

_DATE_FOLLOWS = Message("line.date_follows")


@dataclass(frozen=True, slots=True)
class Lending:
    """Every public call is one transaction of the ledger. All raise LedgerError."""

    daybook: Daybook

    def ask(
        self, patron: Patron, books: Sequence[Book], session_id: str
    ) -> tuple[Plan, ...]:
        """Record one ask a book; the hub is to decide, then `settle` closes them."""
        at = self.daybook.now()
        plans = self._plans(patron, books, at, offline=False)
        drafts = [self._checkout(plan, session_id, Mode.ASK, at) for plan in plans]
        events = self.daybook.record(drafts, at)
        return tuple(
            replace(plan, ask=event) for plan, event in zip(plans, events, strict=True)
        )

    def settle(
        self, asked: Sequence[Plan], verdicts: Mapping[str, Verdict], session_id: str
    ) -> Result:
        """Close every ask: by the hub's verdict if it came, else by the local rule."""
        at = self.daybook.now()
        plans = [plan.judged(verdicts) for plan in asked]
        closes = [plan.close(self.daybook.new_id(at), session_id, at) for plan in plans]
        return self._lend(plans, closes, at)

    def lend_alone(
        self, patron: Patron, books: Sequence[Book], session_id: str
    ) -> Result:
        """Decide by the local rule and record the loans as facts at once."""
        at = self.daybook.now()
        plans = self._plans(patron, books, at, offline=True)
        facts = [
            self._checkout(plan, session_id, Mode.FACT, at)
            for plan in plans
            if plan.granted
        ]
        return self._lend(plans, facts, at)

    def _plans(
        self, patron: Patron, books: Sequence[Book], at: Moment, *, offline: bool
    ) -> list[Plan]:
        rule = LocalRule(self.daybook.knowledge, self.daybook.site_id)
        decisions = rule.decide(patron, books, at, offline=offline)
        return [
            Plan(book, patron, decision)
            for book, decision in zip(books, decisions, strict=True)
        ]

    def _lend(
        self, plans: Sequence[Plan], drafts: Sequence[Draft], at: Moment
    ) -> Result:
        """Record the drafts with the tags of all granted books, then make the lines."""
        granted = [plan.book for plan in plans if plan.granted]
        receipt = self.daybook.receipt() if granted else None
        if drafts:
            tags = self.daybook.targets(granted, Security.OUT)
            self.daybook.record(drafts, at, tags)
        return Result(tuple(_line(plan, at) for plan in plans), receipt)

    def _checkout(self, plan: Plan, session_id: str, mode: Mode, at: Moment) -> Draft:
        return Draft(
            self.daybook.new_id(at),
            Kind.CHECKOUT,
            mode,
            session_id=session_id,
            item=plan.book.barcode,
            patron_ref=plan.patron.patron_ref,
            loan_ref=self.daybook.new_id(at),
            payload={
                **how(plan.book),
                "due_on": iso(plan.due_on(at)),
                "offline": mode is Mode.FACT,
                "title": plan.book.title,
            },
        )


def _line(plan: Plan, at: Moment) -> Line:
    if isinstance(plan.decision, Refusal):
        words = Message(plan.decision.reason, plan.decision.params)
        return Line(plan.book, LineState.REFUSED, words)
    due_on = plan.due_on(at)
    words = Message("line.due", {"date": due_on}) if due_on else _DATE_FOLLOWS
    return Line(plan.book, LineState.WORKING if plan.book.uids else LineState.OK, words)
