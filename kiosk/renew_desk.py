"""The renewing side of the desk: asks the hub within a budget, or notes the wish."""

from __future__ import annotations

from kiosk.asking import Asking
from kiosk.domain.session import LoansRenewed, Renew
from kiosk.loan_desk import not_recorded, refused
from kiosk.service.ports import LedgerError
from kiosk.service.renewing import Renewing, book_of
from kiosk.storage_desk import StorageDesk


class RenewDesk:
    """Renews for one reader at a time: a Renew comes in, its LoansRenewed goes out."""

    def __init__(
        self, renewing: Renewing, storage: StorageDesk, asking: Asking
    ) -> None:
        self._renewing = renewing
        self._storage = storage
        self._asking = asking

    @property
    def deadline(self) -> float | None:
        """When the hub's time to answer is up (monotonic s)."""
        return self._asking.deadline

    def renew(self, effect: Renew, now: float) -> LoansRenewed | None:
        """Note the wish at once, or ask the hub first; then `verdicts` settles it."""
        books = [book_of(one) for one in effect.loans]
        if no_room := self._storage.loans_refused():
            return LoansRenewed(refused(books, no_room))
        who, loans, session_id = effect.patron, effect.loans, effect.session_id
        try:
            if not self._asking.can_begin():
                return LoansRenewed(self._renewing.note(who, loans, session_id))
            plans = self._renewing.ask(who, loans, session_id)
        except LedgerError as err:
            return LoansRenewed(not_recorded(books, err))
        self._asking.begin(plans, session_id, now)
        return None

    def verdicts(self, now: float) -> LoansRenewed | None:
        """Settle what was asked once all verdicts are there or the budget is used up."""
        said = self._asking.answered(now)
        if said is None:
            return None
        try:
            return LoansRenewed(
                self._renewing.settle(said.plans, said.verdicts, said.session_id)
            )
        except LedgerError as err:
            return LoansRenewed(not_recorded([plan.book for plan in said.plans], err))
