"""The lending side of the desk: asks the hub within a budget, or lends alone."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from kiosk.asking import Asking
from kiosk.domain.session import Book, Lend, Line, LoansSettled
from kiosk.service.daybook import Result
from kiosk.service.lending import Lending
from kiosk.service.ports import LedgerError
from kiosk.storage_desk import StorageDesk, words_for
from kiosk.view import LineState, Message

log = structlog.get_logger(__name__)


class LoanDesk:
    """Lends for one reader at a time: a Lend comes in, its LoansSettled goes out."""

    def __init__(self, lending: Lending, storage: StorageDesk, asking: Asking) -> None:
        self._lending = lending
        self._storage = storage
        self._asking = asking

    @property
    def deadline(self) -> float | None:
        """When the hub's time to answer is up (monotonic s)."""
        return self._asking.deadline

    def lend(self, effect: Lend, now: float) -> LoansSettled | None:
        """Lend at once, or ask the hub first; then `verdicts` settles it."""
        if no_room := self._storage.loans_refused():
            return LoansSettled(refused(effect.books, no_room), None)
        who, books, session_id = effect.patron, effect.books, effect.session_id
        try:
            if not self._asking.can_begin():
                return _settled(self._lending.lend_alone(who, books, session_id))
            plans = self._lending.ask(who, books, session_id)
        except LedgerError as err:
            return LoansSettled(not_recorded(books, err), None)
        self._asking.begin(plans, session_id, now)
        return None

    def verdicts(self, now: float) -> LoansSettled | None:
        """Settle what was asked once all verdicts are there or the budget is used up."""
        said = self._asking.answered(now)
        if said is None:
            return None
        try:
            return _settled(
                self._lending.settle(said.plans, said.verdicts, said.session_id)
            )
        except LedgerError as err:
            books = [plan.book for plan in said.plans]
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
