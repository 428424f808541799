"""The renewing side of the desk: asks the hub within a budget, or notes the wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from kiosk.asked import Asked
from kiosk.domain.account import OnLoan
from kiosk.domain.session import Line, LoansRenewed, Renew
from kiosk.service.ports import LedgerError
from kiosk.service.renewing import Renewing, book_of
from kiosk.storage_desk import StorageDesk, words_for
from kiosk.view import LineState, Message

log = structlog.get_logger(__name__)


class RenewDesk:
    """Holds what is asked between a Renew and its LoansRenewed; one reader at a time."""

    def __init__(
        self,
        renewing: Renewing,
        storage: StorageDesk,
        *,
        hub_answers: Callable[[], bool],
        budget_s: float,
    ) -> None:
        self._renewing = renewing
        self._storage = storage
        self._hub_answers = hub_answers
        self._budget_s = budget_s
        self._asked: Asked | None = None

    @property
    def deadline(self) -> float | None:
        """When the hub's time to answer is up (monotonic s)."""
        return self._asked.deadline if self._asked else None

    def renew(self, effect: Renew, now: float) -> LoansRenewed | None:
        """Note the wish at once, or ask the hub first; then `verdicts` settles it."""
        if no_room := self._storage.loans_refused():
            return LoansRenewed(_refused(effect.loans, no_room))
        who, loans, session_id = effect.patron, effect.loans, effect.session_id
        try:
            if not (self._budget_s and self._hub_answers()):
                return LoansRenewed(self._renewing.note(who, loans, session_id))
            plans = self._renewing.ask(who, loans, session_id)
        except LedgerError as err:
            log.error("ledger refused", reason=str(err))
            return LoansRenewed(_refused(loans, words_for(err)))
        self._asked = Asked(plans, session_id, now + self._budget_s)
        return None

    def verdicts(self, now: float) -> LoansRenewed | None:
        """Settle what was asked once all verdicts are there or the budget is used up."""
        asked = self._asked
        if asked is None:
            return None
        found = asked.answered(self._renewing.daybook.knowledge.mirror, now)
        if found is None:
            return None
        self._asked = None
        try:
            lines = self._renewing.settle(asked.plans, found, asked.session_id)
        except LedgerError as err:
            log.error("ledger refused", reason=str(err))
            lines = tuple(
                Line(plan.book, LineState.REFUSED, words_for(err))
                for plan in asked.plans
            )
        return LoansRenewed(lines)


def _refused(loans: Sequence[OnLoan], words: Message) -> tuple[Line, ...]:
    return tuple(Line(book_of(one), LineState.REFUSED, words) for one in loans)
