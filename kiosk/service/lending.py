"""Lending: ask the hub or decide alone, record durably, and only then say so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.policy import Grant, Params, Refusal
from kiosk.domain.session import Book, Line
from kiosk.domain.values import Patron
from kiosk.service.daybook import Daybook, Result, how
from kiosk.service.local_rule import Decision, LocalRule
from kiosk.service.ports import Draft, Moment, Security
from kiosk.view import LineState, Message
from sync.protocol import Clock, DecidedBy, Event, Json, Kind, Mode, Outcome, Verdict

_DATE_FOLLOWS = Message("line.date_follows")


@dataclass(frozen=True, slots=True)
class Plan:
    """One book of a stack and what is to become of it; `ask` once the hub was asked."""

    book: Book
    patron: Patron
    decision: Decision
    by: DecidedBy = DecidedBy.LOCAL
    ask: Event | None = None

    @property
    def granted(self) -> bool:
        return isinstance(self.decision, Grant)

    def due_on(self, at: Moment) -> dt.date | None:
        """The day to promise; our own clock promises none while it can't be trusted."""
        if isinstance(self.decision, Refusal):
            return None
        trusted = self.by is DecidedBy.HUB or at.quality is not Clock.GUESSED
        return self.decision.due_on if trusted else None


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
        plans = [_judged(plan, verdicts) for plan in asked]
        closes = [self._close(plan, session_id, at) for plan in plans]
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

    def withdraw_open_asks(self) -> int:
        """Withdraw asks that a crash or a full disk left open. Returns how many.

        An ask without a close never happened; the hub is told so.
        """
        at = self.daybook.now()
        drafts = [
            Draft(
                self.daybook.new_id(at),
                Kind.WITHDRAWN,
                session_id=ask.session_id,
                refers_to=ask.event_id,
                payload={"reason": "restart"},
            )
            for ask in self.daybook.knowledge.ledger.open_asks()
        ]
        if drafts:
            self.daybook.record(drafts, at)
        return len(drafts)

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
                "due_on": _iso(plan.due_on(at)),
                "offline": mode is Mode.FACT,
                "title": plan.book.title,
            },
        )

    def _close(self, plan: Plan, session_id: str, at: Moment) -> Draft:
        return Draft(
            self.daybook.new_id(at),
            Kind.CONFIRMED if plan.granted else Kind.WITHDRAWN,
            session_id=session_id,
            refers_to=plan.ask.event_id if plan.ask else None,
            decided_by=plan.by,
            payload=_close_payload(plan, at),
        )


def _judged(plan: Plan, verdicts: Mapping[str, Verdict]) -> Plan:
    """Let the hub's word replace ours, if it has spoken on the loan itself."""
    verdict = verdicts.get(plan.ask.event_id) if plan.ask else None
    if verdict is None:
        return plan
    if verdict.outcome is Outcome.REFUSED:
        refusal = Refusal(verdict.reason or "E-GENERIC", _params(verdict.params))
        return replace(plan, decision=refusal, by=DecidedBy.HUB)
    if verdict.due_on is None:
        return plan
    return replace(plan, decision=Grant(verdict.due_on), by=DecidedBy.HUB)


def _params(wire: Json) -> Params:
    """What fills the wording; a date comes as text over the wire."""
    params: dict[str, str | int | dt.date] = {
        name: value for name, value in wire.items() if isinstance(value, str | int)
    }
    if isinstance(text := params.get("date"), str):
        params["date"] = _date(text)
    return params


def _date(text: str) -> dt.date | str:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


def _close_payload(plan: Plan, at: Moment) -> Json:
    if isinstance(plan.decision, Refusal):
        return {"reason": plan.decision.reason}
    return {"due_on": _iso(plan.due_on(at))}


def _line(plan: Plan, at: Moment) -> Line:
    if isinstance(plan.decision, Refusal):
        words = Message(plan.decision.reason, plan.decision.params)
        return Line(plan.book, LineState.REFUSED, words)
    due_on = plan.due_on(at)
    words = Message("line.due", {"date": due_on}) if due_on else _DATE_FOLLOWS
    return Line(plan.book, LineState.WORKING if plan.book.uids else LineState.OK, words)


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
