"""The lending side of the desk: asks the hub within a budget, or lends alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from kiosk.asked import Asked
from kiosk.domain.session import Book, Lend, Line, LoansSettled
from kiosk.service.daybook import Result
from kiosk.service.lending import Lending
from kiosk.service.ports import LedgerError
from kiosk.storage_desk import StorageDesk, words_for
from kiosk.view import LineState, Message

log = structlog.get_logger(__name__)


class LoanDesk:
    """Holds what is asked between a Lend and its LoansSettled; one stack at a time."""

    def __init__(
        self,
        lending: Lending,
        storage: StorageDesk,
        *,
        hub_answers: Callable[[], bool],
        budget_s: float,
    ) -> None:
        self._lending = lending
        self._storage = storage
        self._hub_answers = hub_answers
        self._budget_s = budget_s
        self._asked: Asked | None = None

    @property
    def deadline(self) -> float | None:
        """When the hub's time to answer is up (monotonic s)."""
        return self._asked.deadline if self._asked else None

    def lend(self, effect: Lend, now: float) -> LoansSettled | None:
        """Lend at once, or ask the hub first; then `verdicts` settles it."""
        if no_room := self._storage.loans_refused():
            return LoansSettled(refused(effect.books, no_room), None)
        try:
            # What a full disk kept from being closed never happened: say so first.
            self._lending.withdraw_open_asks()
            if not (self._budget_s and self._hub_answers()):
                return _settled(
                    self._lending.lend_alone(
                        effect.patron, effect.books, effect.session_id
                    )
                )
            plans = self._lending.ask(effect.patron, effect.books, effect.session_id)
        except LedgerError as err:
            return LoansSettled(not_recorded(effect.books, err), None)
        self._asked = Asked(plans, effect.session_id, now + self._budget_s)
        return None

    def verdicts(self, now: float) -> LoansSettled | None:
        """Settle what was asked once all verdicts are there or the budget is used up."""
        asked = self._asked
        if asked is None:
            return None
        found = asked.answered(self._lending.daybook.knowledge.mirror, now)
        if found is None:
            return None
        self._asked = None
        try:
            return _settled(self._lending.settle(asked.plans, found, asked.session_id))
        except LedgerError as err:
            books = [plan.book for plan in asked.plans]
            return LoansSettled(not_recorded(books, err), None)


def not_recorded(books: Sequence[Book], err: LedgerError) -> tuple[Line, ...]:
    """Lines of books of which nothing could be written down, so nothing happened."""
    log.error("ledger refused", reason=str(err))
    return refused(books, words_for(err))


def refused(books: Sequence[Book], words: Message) -> tuple[Line, ...]:
    """Lines of books with which nothing happened, and why."""
    return tuple(Line(book, LineState.REFUSED, words) for book in books)


def _settled(result: Result) -> LoansSettled:
    return LoansSettled(result.lines, result.receipt)
