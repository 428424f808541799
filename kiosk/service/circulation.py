"""Lending and taking back: decide, record durably, and only then say so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kiosk.domain.policy import Grant, Refusal, may_lend, offline_refusal
from kiosk.domain.rules import Rules
from kiosk.domain.session import Book, Line
from kiosk.domain.values import Loan, Patron
from kiosk.service.knowledge import Knowledge, county_day
from kiosk.service.ports import Draft, Moment, Security, TagTarget
from kiosk.view import LineState, Message
from sync.protocol import Clock, DecidedBy, Event, Json, Kind, Mode, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """One book of a stack: what we would decide alone, and the ask if there is one."""

    book: Book
    patron: Patron
    decision: Grant | Refusal
    ask: Event | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Lines of the screen, and whether anything was recorded."""

    lines: tuple[Line, ...]
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Circulation:
    """The use cases of the desk. Every public call is at most one ledger transaction."""

    knowledge: Knowledge
    site_id: str
    now: Callable[[], Moment]
    new_id: Callable[[Moment], str]

    # Lending -----------------------------------------------------------------

    def ask(
        self, patron: Patron, books: Sequence[Book], session_id: str
    ) -> tuple[Plan, ...]:
        """Record one ask a book, all in one transaction; the hub is to decide."""
        at = self.now()
        plans = self._plans(patron, books, at, offline=False)
        drafts = [self._checkout(plan, session_id, Mode.ASK, at) for plan in plans]
        events = self.knowledge.ledger.record(drafts, at)
        return tuple(
            Plan(plan.book, plan.patron, plan.decision, event)
            for plan, event in zip(plans, events, strict=True)
        )

    def settle(
        self, plans: Sequence[Plan], verdicts: Mapping[str, Verdict], session_id: str
    ) -> Result:
        """Close every ask: by the hub's verdict if it came, else by the local rule."""
        at = self.now()
        settled = [_settle(plan, verdicts) for plan in plans]
        drafts = [
            self._close(plan, outcome, session_id, at)
            for plan, outcome in zip(plans, settled, strict=True)
        ]
        return self._lend(plans, [each.decision for each in settled], drafts, at)

    def lend_alone(
        self, patron: Patron, books: Sequence[Book], session_id: str
    ) -> Result:
        """Decide by the local rule and record the loans as facts at once."""
        at = self.now()
        plans = self._plans(patron, books, at, offline=True)
        drafts = [
            self._checkout(plan, session_id, Mode.FACT, at)
            for plan in plans
            if isinstance(plan.decision, Grant)
        ]
        return self._lend(plans, [plan.decision for plan in plans], drafts, at)

    def withdraw_open_asks(self) -> int:
        """At start: an ask that a crash left open never happened. Returns how many."""
        asks = self.knowledge.ledger.open_asks()
        at = self.now()
        drafts = [
            Draft(
                event_id=self.new_id(at),
                kind=Kind.WITHDRAWN,
                session_id=ask.session_id,
                refers_to=ask.event_id,
                payload={"reason": "restart"},
            )
            for ask in asks
        ]
        if drafts:
            self.knowledge.ledger.record(drafts, at)
        return len(drafts)

    # Taking back --------------------------------------------------------------

    def take_back(
        self,
        books: Sequence[Book],
        armed: Mapping[str, Security | None],
        session_id: str | None,
    ) -> Result:
        """Record returns of books whose tags were armed (or failed to be) just now."""
        at = self.now()
        # Hints are taken before the record: afterwards nothing is on loan any more.
        lines = [self._return_line(book, armed, at) for book in books]
        drafts = [self._checkin(book, session_id, at) for book in books]
        targets = _targets(books, Security.IN)
        ledger = self.knowledge.ledger
        ledger.record(drafts, at, targets)
        ledger.note_seen(armed)
        return Result(tuple(lines), self._receipt())

    def end_session(self, session_id: str, loans: int, returns: int) -> None:
        """Record that a session with at least one completed action is over."""
        at = self.now()
        counts = {"loans": loans, "returns": returns}
        draft = Draft(
            self.new_id(at), Kind.SESSION_ENDED, session_id=session_id, payload=counts
        )
        self.knowledge.ledger.record([draft], at)

    # Inside -------------------------------------------------------------------

    def _plans(
        self, patron: Patron, books: Sequence[Book], at: Moment, *, offline: bool
    ) -> list[Plan]:
        """Decide book by book; each grant counts against the next book's limits."""
        loans = list(self.knowledge.loans_of(patron.patron_ref))
        unreported = self.knowledge.unreported_loans(patron.patron_ref)
        plans: list[Plan] = []
        for book in books:
            decision = self._decide(patron, book, loans, at)
            if offline and isinstance(decision, Grant):
                decision = self._within_offline_limits(decision, unreported, at)
            if isinstance(decision, Grant):
                unreported += 1
                loans.append(_granted(patron, book, decision, at))
            plans.append(Plan(book, patron, decision))
        return plans

    def _decide(
        self, patron: Patron, book: Book, loans: Sequence[Loan], at: Moment
    ) -> Grant | Refusal:
        mirror = self.knowledge.mirror
        rules, item = mirror.rules(), mirror.item(book.barcode)
        if rules is None:
            return Refusal("E-GENERIC")
        if item is None:
            return Refusal("E-ITEM-UNKNOWN")
        others = (mirror.item(loan.item) for loan in loans)
        same_type = sum(other.item_type == item.item_type for other in others if other)
        return may_lend(
            patron,
            item,
            loans,
            self.knowledge.loan_of(book.barcode),
            rules,
            county_day(at.wall),
            same_type_loans=same_type,
        )

    def _within_offline_limits(
        self, grant: Grant, unreported: int, at: Moment
    ) -> Grant | Refusal:
        rules = self.knowledge.mirror.rules()
        if rules is None:
            return Refusal("E-GENERIC")
        return offline_refusal(rules, self._mirror_age(at), unreported) or grant

    def _mirror_age(self, at: Moment) -> dt.timedelta | None:
        synced_at = self.knowledge.mirror.status().synced_at
        if at.quality is Clock.GUESSED or synced_at is None:
            return None
        return at.wall - synced_at

    def _checkout(self, plan: Plan, session_id: str, mode: Mode, at: Moment) -> Draft:
        return Draft(
            event_id=self.new_id(at),
            kind=Kind.CHECKOUT,
            mode=mode,
            session_id=session_id,
            item=plan.book.barcode,
            patron_ref=plan.patron.patron_ref,
            loan_ref=self.new_id(at),
            rules_version=self._rules_version(),
            mirror_version=self.knowledge.mirror.status().cursor,
            payload={
                **_how(plan.book),
                "due_on": _due_text(plan.decision, at),
                "offline": mode is Mode.FACT,
                "title": plan.book.title,
            },
        )

    def _close(
        self, plan: Plan, outcome: _Settled, session_id: str, at: Moment
    ) -> Draft:
        assert plan.ask is not None  # noqa: S101  (asked plans carry their ask)
        granted = isinstance(outcome.decision, Grant)
        return Draft(
            event_id=self.new_id(at),
            kind=Kind.CONFIRMED if granted else Kind.WITHDRAWN,
            session_id=session_id,
            refers_to=plan.ask.event_id,
            decided_by=outcome.by,
            rules_version=self._rules_version(),
            mirror_version=self.knowledge.mirror.status().cursor,
            payload=_close_payload(outcome.decision, at),
        )

    def _checkin(self, book: Book, session_id: str | None, at: Moment) -> Draft:
        loan = self.knowledge.loan_of(book.barcode)
        return Draft(
            event_id=self.new_id(at),
            kind=Kind.CHECKIN,
            session_id=session_id,
            item=book.barcode,
            patron_ref=loan.patron_ref if loan else None,
            loan_ref=loan.loan_ref if loan else None,
            rules_version=self._rules_version(),
            mirror_version=self.knowledge.mirror.status().cursor,
            payload={**_how(book), "title": book.title},
        )

    def _lend(
        self,
        plans: Sequence[Plan],
        decisions: Sequence[Grant | Refusal],
        drafts: Sequence[Draft],
        at: Moment,
    ) -> Result:
        """Record the drafts with the tags of all granted books, then make the lines."""
        pairs = list(zip(plans, decisions, strict=True))
        granted = [plan.book for plan, made in pairs if isinstance(made, Grant)]
        if drafts:
            targets = _targets(granted, Security.OUT)
            self.knowledge.ledger.record(drafts, at, targets)
        lines = tuple(_loan_line(plan.book, made, at) for plan, made in pairs)
        return Result(lines, self._receipt() if granted else None)

    def _return_line(
        self, book: Book, armed: Mapping[str, Security | None], at: Moment
    ) -> Line:
        wrong = frozenset(uid for uid in book.uids if armed.get(uid) is not Security.IN)
        state = LineState.PUT_BACK if wrong else LineState.OK
        return Line(book, state, self._return_hint(book, at), wrong)

    def _return_hint(self, book: Book, at: Moment) -> Message:
        loan = self.knowledge.loan_of(book.barcode)
        item = self.knowledge.mirror.item(book.barcode)
        if loan is None:
            return Message("return.already")
        late = (county_day(at.wall) - loan.due_on).days
        if late > 0 and at.quality is not Clock.GUESSED:
            return Message("return.late", {"n": late})
        if item is not None and item.home_site != self.site_id:
            home = self.knowledge.mirror.site(item.home_site)
            return Message("return.other_site", {"owner": home.name if home else ""})
        return Message("return.ok")

    def _rules_version(self) -> int:
        rules: Rules | None = self.knowledge.mirror.rules()
        return rules.version if rules else 0

    def _receipt(self) -> str:
        return f"{self.site_id}-{self.knowledge.ledger.next_receipt():06d}"


@dataclass(frozen=True, slots=True)
class _Settled:
    decision: Grant | Refusal
    by: DecidedBy


def _settle(plan: Plan, verdicts: Mapping[str, Verdict]) -> _Settled:
    verdict = verdicts.get(plan.ask.event_id) if plan.ask else None
    if verdict is None or verdict.outcome is Outcome.DEFERRED:
        return _Settled(plan.decision, DecidedBy.LOCAL)
    if verdict.outcome is Outcome.REFUSED or verdict.due_on is None:
        refusal = Refusal(verdict.reason or "E-GENERIC", verdict.params)
        return _Settled(refusal, DecidedBy.HUB)
    return _Settled(Grant(verdict.due_on), DecidedBy.HUB)


def _close_payload(decision: Grant | Refusal, at: Moment) -> Json:
    if isinstance(decision, Refusal):
        return {"reason": decision.reason}
    return {"due_on": _due_text(decision, at)}


def _due_text(decision: Grant | Refusal, at: Moment) -> str | None:
    """The promised day; none is promised by a clock that can't be trusted."""
    if isinstance(decision, Refusal) or at.quality is Clock.GUESSED:
        return None
    return decision.due_on.isoformat()


def _loan_line(book: Book, decision: Grant | Refusal, at: Moment) -> Line:
    if isinstance(decision, Refusal):
        message = Message(decision.reason, decision.params)
        return Line(book, LineState.REFUSED, message)
    state = LineState.WORKING if book.uids else LineState.OK
    if at.quality is Clock.GUESSED:
        return Line(book, state, Message("line.date_follows"))
    return Line(book, state, Message("line.due", {"date": decision.due_on}))


def _granted(patron: Patron, book: Book, grant: Grant, at: Moment) -> Loan:
    return Loan("", book.barcode, patron.patron_ref, at.wall, grant.due_on)


def _targets(books: Sequence[Book], desired: Security) -> list[TagTarget]:
    return [
        TagTarget(uid, book.barcode, desired) for book in books for uid in book.uids
    ]


def _how(book: Book) -> Json:
    if not book.uids:
        return {"by": "barcode"}
    return {"by": "rfid", "tag_uids": list(book.uids)}
