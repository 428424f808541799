"""The desk: performs loans and returns that need the hub's word or the pad's hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from kiosk.domain.session import (
    Book,
    Lend,
    Line,
    LoansSettled,
    ReturnsRecorded,
    TakeBack,
)
from kiosk.messages import TagsWritten
from kiosk.pads import PadRoom
from kiosk.service.circulation import Circulation, Plan, Result
from kiosk.service.ports import LedgerError, Security
from kiosk.service.security import Custodian, afi_of, state_of
from kiosk.view import LineState, Message
from sync.protocol import Outcome

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    plans: tuple[Plan, ...]
    session_id: str
    deadline: float


class _Arming:
    """A return whose tags are being armed; complete when every ticket is answered."""

    def __init__(self, effect: TakeBack, tickets: Sequence[int]) -> None:
        self.effect = effect
        self.waiting = set(tickets)
        self.seen: dict[str, Security | None] = {
            uid: None for book in effect.books for uid in book.uids
        }


class LendingDesk:
    """Holds what is under way between an effect and its answer."""

    def __init__(
        self,
        circulation: Circulation,
        custodian: Custodian,
        pads: PadRoom,
        *,
        hub_answers: Callable[[], bool],
        budget_s: float,
    ) -> None:
        self._circulation = circulation
        self._custodian = custodian
        self._pads = pads
        self._hub_answers = hub_answers
        self._budget_s = budget_s
        self._asked: _Asked | None = None
        self._arming: list[_Arming] = []

    @property
    def deadline(self) -> float | None:
        """When the hub's time to answer is up (monotonic s)."""
        return self._asked.deadline if self._asked else None

    # Lending -----------------------------------------------------------------

    def lend(self, effect: Lend, now: float) -> LoansSettled | None:
        """Lend at once, or ask the hub first; then `verdicts` settles it."""
        try:
            if not (self._budget_s and self._hub_answers()):
                return _settled(
                    self._circulation.lend_alone(
                        effect.patron, effect.books, effect.session_id
                    )
                )
            plans = self._circulation.ask(
                effect.patron, effect.books, effect.session_id
            )
        except LedgerError as err:
            return LoansSettled(_not_recorded(effect.books, err), None)
        self._asked = _Asked(plans, effect.session_id, now + self._budget_s)
        return None

    def verdicts(self, now: float) -> LoansSettled | None:
        """Settle what was asked once all verdicts are there or the budget is used up."""
        asked = self._asked
        if asked is None:
            return None
        ids = [plan.ask.event_id for plan in asked.plans if plan.ask]
        found = self._circulation.knowledge.mirror.verdicts(ids)
        final = [v for v in found.values() if v.outcome is not Outcome.DEFERRED]
        if len(final) < len(ids) and now < asked.deadline:
            return None
        self._asked = None
        try:
            return _settled(
                self._circulation.settle(asked.plans, found, asked.session_id)
            )
        except LedgerError as err:
            books = [plan.book for plan in asked.plans]
            return LoansSettled(_not_recorded(books, err), None)

    # Taking back --------------------------------------------------------------

    def take_back(self, effect: TakeBack) -> ReturnsRecorded | None:
        """Arm the tags first; `armed` records the return when they are."""
        rule = self._custodian.rule()
        armed = afi_of(Security.IN, rule)
        uids = [uid for book in effect.books for uid in book.uids]
        tickets = self._pads.write(dict.fromkeys(uids, armed))
        arming = _Arming(effect, tickets)
        if not tickets:
            return self._record_return(arming)
        self._arming.append(arming)
        return None

    def armed(self, written: TagsWritten) -> ReturnsRecorded | None:
        """Take the pad's answer; records the return when it was the last one."""
        rule = self._custodian.rule()
        for arming in self._arming:
            if written.ticket not in arming.waiting:
                continue
            arming.waiting.remove(written.ticket)
            for uid, afi in written.seen.items():
                arming.seen[uid] = state_of(afi, rule)
            if not arming.waiting:
                self._arming.remove(arming)
                return self._record_return(arming)
            break
        return None

    def end(self, session_id: str, loans: int, returns: int) -> None:
        """Note that a session is over; a full disk is no reason to keep the reader."""
        try:
            self._circulation.end_session(session_id, loans, returns)
        except LedgerError as err:
            log.error("session end not recorded", reason=str(err))

    def _record_return(self, arming: _Arming) -> ReturnsRecorded:
        effect = arming.effect
        try:
            result = self._circulation.take_back(
                effect.books, arming.seen, effect.session_id
            )
        except LedgerError as err:
            return ReturnsRecorded(_not_recorded(effect.books, err), None)
        return ReturnsRecorded(result.lines, result.receipt)


def _settled(result: Result) -> LoansSettled:
    return LoansSettled(result.lines, result.receipt)


def _not_recorded(books: Sequence[Book], err: LedgerError) -> tuple[Line, ...]:
    log.error("ledger refused", reason=str(err))
    words = Message("E-STORAGE")
    return tuple(Line(book, LineState.REFUSED, words) for book in books)
