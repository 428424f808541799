"""A library system that is Koha: loans and renewals by REST, returns beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from kiosk.domain.values import COUNTY_TIME
from sync.hub.library.koha_api import Checkout, KohaApi
from sync.hub.library.koha_reading import Declined, NotServed, Uncertain
from sync.hub.library.port import (
    Away,
    Done,
    ItemThere,
    Lending,
    LibrarySystem,
    NoBlock,
    Outcome,
    PatronThere,
    PinCheck,
    Refused,
    Renewal,
    TakingBack,
    Unknown,
)

#: Reasons that are no words of Koha's.
ITEM_UNKNOWN, PATRON_UNKNOWN = "item_unknown_there", "patron_unknown_there"
NOT_THEIR_LOAN = "not_on_loan_to_patron_there"
NO_RETURNS = "Koha takes no returns by REST: name its SIP2 server as well (--host)"

#: Never said yes to: it is on loan there already, and would be renewed or taken away.
NEVER_CONFIRMED = frozenset({"RENEW_ISSUE", "ISSUED_TO_ANOTHER"})
_NOT_CONFIRMED_STATUS = 412


class KohaLibrary:
    """Fulfils `LibrarySystem`; owns the API and `returns`, which takes items back."""

    def __init__(
        self,
        api: KohaApi,
        returns: LibrarySystem | None = None,
        no_block: NoBlock = NoBlock.AUTO,
    ) -> None:
        self._api = api
        self._returns = returns
        self._no_block = no_block

    def lend(self, act: Lending) -> Outcome:
        """Koha dates the loan by now, and its due day by its own rules."""
        return _outcome(lambda: self._lend(act))

    def take_back(self, act: TakingBack) -> Outcome:
        return self._returns.take_back(act) if self._returns else Away(NO_RETURNS)

    def renew(self, act: Renewal) -> Outcome:
        return _outcome(lambda: self._renew(act))

    def item(self, barcode: str) -> ItemThere | Away:
        try:
            item_id = self._api.item_id(barcode)
            if item_id is None:
                return ItemThere(None)
            loan = self._api.checkout_of(item_id)
        except (NotServed, Declined) as err:
            return Away(str(err))
        return ItemThere(loan is not None, _due_on(loan) if loan else None)

    def patron(self, number: str) -> PatronThere | Away:
        try:
            patron_id = self._api.patron_id(number)
            if patron_id is None:
                return PatronThere()
            loans = self._api.checkouts_by(patron_id)
            items = {self._barcode(loan) for loan in loans}
        except (NotServed, Declined) as err:
            return Away(str(err))
        named = frozenset(item for item in items if item is not None)
        return PatronThere(named, complete=None not in items)

    def check_pin(self, number: str, pin: str) -> PinCheck | Away:
        try:
            right = self._api.is_password(number, pin)
        except (NotServed, Uncertain) as err:
            return Away(str(err))
        if right is None:
            return PinCheck.NOT_TOLD
        return PinCheck.RIGHT if right else PinCheck.WRONG

    def close(self) -> None:
        self._api.close()
        if self._returns:
            self._returns.close()

    def _barcode(self, loan: Checkout) -> str | None:
        return None if loan.item_id is None else self._api.barcode(loan.item_id)

    def _lend(self, act: Lending) -> Outcome:
        item_id = self._api.item_id(act.item)
        patron_id = self._api.patron_id(act.patron)
        if item_id is None:
            return Refused(ITEM_UNKNOWN)
        if patron_id is None:
            return Refused(PATRON_UNKNOWN)
        try:
            return Done(_due_on(self._api.lend(patron_id, item_id)))
        except Declined as err:
            if err.status != _NOT_CONFIRMED_STATUS:
                raise
        return self._lend_confirmed(patron_id, item_id)

    def _lend_confirmed(self, patron_id: int, item_id: int) -> Outcome:
        """The reader has it already: what staff could wave through is waved through."""
        found = self._api.availability(patron_id, item_id)
        asked = set(found.confirms)
        if found.blockers or asked & NEVER_CONFIRMED or self._no_block is NoBlock.NO:
            return Refused(" ".join(sorted(asked | set(found.blockers))))
        loan = self._api.lend(patron_id, item_id, found.confirmation_token)
        return Done(_due_on(loan))

    def _renew(self, act: Renewal) -> Outcome:
        item_id = self._api.item_id(act.item)
        if item_id is None:
            return Refused(ITEM_UNKNOWN)
        loan = self._api.checkout_of(item_id)
        if loan is None or loan.patron_id != self._api.patron_id(act.patron):
            return Refused(NOT_THEIR_LOAN)
        return Done(_due_on(self._api.renew(loan.checkout_id)))


def _outcome(send: Callable[[], Outcome]) -> Outcome:
    try:
        return send()
    except Uncertain as err:
        return Unknown(str(err))
    except NotServed as err:
        return Away(str(err))
    except Declined as err:
        return Refused(str(err))


def _due_on(loan: Checkout) -> dt.date:
    return loan.due_date.astimezone(COUNTY_TIME).date()
