"""Renewing: ask the hub, or note the wish until it can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.account import OnLoan
from kiosk.domain.policy import Refusal
from kiosk.domain.session import Book, BookClass, Line
from kiosk.domain.values import Patron
from kiosk.service.daybook import Daybook
from kiosk.service.plans import Plan, iso
from kiosk.service.ports import Draft, Moment
from kiosk.service.renewal_rule import RenewalRule
from kiosk.view import LineState, Message
from sync.protocol import Kind, Mode, Verdict

#: What is said of a renewal that happened.
DONE = "renew.done"
_NOTED = Message("E-OFFLINE-RENEW")


@dataclass(frozen=True, slots=True)
class Renewing:
    """Every public call is one transaction of the ledger. All raise LedgerError."""

    daybook: Daybook

    def ask(
        self, patron: Patron, loans: Sequence[OnLoan], session_id: str
    ) -> tuple[Plan, ...]:
        """Record one ask a loan; the hub is to decide, then `settle` closes them."""
        at = self.daybook.now()
        plans = self._plans(patron, loans, at)
        drafts = self._drafts(plans, loans, session_id, Mode.ASK, at)
        events = self.daybook.record(drafts, at)
        return tuple(
            replace(plan, ask=event) for plan, event in zip(plans, events, strict=True)
        )

    def settle(
        self, asked: Sequence[Plan], verdicts: Mapping[str, Verdict], session_id: str
    ) -> tuple[Line, ...]:
        """Close every ask: by the hub's verdict if it came, else by the local rule."""
        at = self.daybook.now()
        plans = [plan.judged(verdicts) for plan in asked]
        closes = [plan.close(self.daybook.new_id(at), session_id, at) for plan in plans]
        self.daybook.record(closes, at)
        return tuple(_line(plan, at) for plan in plans)

    def note(
        self, patron: Patron, loans: Sequence[OnLoan], session_id: str
    ) -> tuple[Line, ...]:
        """Record what our rule grants as facts without a day: the hub finds it.

        What it refuses is not recorded, and said at once.
        """
        at = self.daybook.now()
        plans = self._plans(patron, loans, at)
        pairs = [pair for pair in zip(plans, loans, strict=True) if pair[0].granted]
        granted, renewed = [plan for plan, _ in pairs], [loan for _, loan in pairs]
        drafts = self._drafts(granted, renewed, session_id, Mode.FACT, at)
        if drafts:
            self.daybook.record(drafts, at)
        return tuple(
            Line(plan.book, LineState.OK, _NOTED) if plan.granted else _line(plan, at)
            for plan in plans
        )

    def _plans(self, patron: Patron, loans: Sequence[OnLoan], at: Moment) -> list[Plan]:
        rule = RenewalRule(self.daybook.knowledge, self.daybook.site_id)
        decisions = rule.decide(patron, [one.loan for one in loans], at)
        return [
            Plan(book_of(one), patron, decision)
            for one, decision in zip(loans, decisions, strict=True)
        ]

    def _drafts(
        self,
        plans: Sequence[Plan],
        loans: Sequence[OnLoan],
        session_id: str,
        mode: Mode,
        at: Moment,
    ) -> list[Draft]:
        """An ask names the day that we would promise; a note promises none."""
        return [
            Draft(
                self.daybook.new_id(at),
                Kind.RENEW,
                mode,
                session_id=session_id,
                item=one.loan.item,
                patron_ref=plan.patron.patron_ref,
                loan_ref=one.loan.loan_ref,
                payload={"due_on": iso(plan.due_on(at)) if mode is Mode.ASK else None},
            )
            for plan, one in zip(plans, loans, strict=True)
        ]


def book_of(one: OnLoan) -> Book:
    """The book of a loan, as a line of the screen names it."""
    barcode = one.loan.item
    return Book(barcode, BookClass.OWN, barcode, one.title, one.author)


def _line(plan: Plan, at: Moment) -> Line:
    if isinstance(plan.decision, Refusal):
        words = Message(plan.decision.reason, plan.decision.params)
        return Line(plan.book, LineState.REFUSED, words)
    due_on = plan.due_on(at)
    words = Message(DONE, {"date": due_on}) if due_on else _NOTED
    return Line(plan.book, LineState.OK, words)
