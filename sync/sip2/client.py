"""A client of one server: connects when it must, asks, and names what it can't know.

Blocking, for one thread. Each method raises LinkLost, LoginRefused, NotUnderstood or
PlainText when nothing was done, BadMessage when a value can't be sent, and UnknownOutcome
when a request that changes something left and its answer did not come.
"""

from __future__ import annotations

import datetime as dt
import enum
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

from kiosk.domain.values import COUNTY_TIME
from sync.sip2.account import Account
from sync.sip2.answers import (
    AcsStatus,
    Answer,
    CheckinResponse,
    CheckoutResponse,
    EndSessionResponse,
    ItemInformationResponse,
    PatronInformationResponse,
    PatronStatusResponse,
    RenewResponse,
)
from sync.sip2.caller import Caller
from sync.sip2.probe import Outcome, checkin_outcome, checkout_outcome, renew_outcome
from sync.sip2.requests import (
    Checkin,
    Checkout,
    EndPatronSession,
    ItemInformation,
    PatronInformation,
    PatronStatus,
    Renew,
    Request,
    ScStatus,
)
from sync.sip2.tables import Summary
from sync.sip2.wire import Message


class PinCheck(enum.StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    NO_SUCH_PATRON = "no_such_patron"
    #: The server does not say whether the PIN is right.
    NOT_TOLD = "not_told"


class Client:
    """Use as a context manager, or close it. `now` is aware; it dates the requests."""

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(COUNTY_TIME),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._now = now
        self._caller = Caller(account, monotonic)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- requests that change something -------------------------------------------

    def checkin(
        self,
        item: str,
        *,
        processed_at: dt.datetime | None = None,
        returned_at: dt.datetime | None = None,
        no_block: bool = False,
        location: str | None = None,
    ) -> CheckinResponse:
        """Take an item back. Times default to now; no block: it happened already."""
        institution = self._caller.institution()
        processed = self._dated(processed_at)
        request = Checkin(
            no_block=no_block,
            transaction_date=processed,
            return_date=self._dated(returned_at) if returned_at else processed,
            current_location=location or self._account.location_code or "",
            institution_id=institution,
            item_identifier=item,
            terminal_password=self._account.terminal_password,
            cancel=False,
        )
        return cast(CheckinResponse, self.ask(request))

    def checkout(
        self,
        patron: str,
        item: str,
        *,
        taken_at: dt.datetime | None = None,
        due: dt.datetime | None = None,
        no_block: bool = False,
        may_renew: bool = False,
        pin: str | None = None,
    ) -> CheckoutResponse:
        """Lend. `due` is what the patron was promised; it counts with no block only."""
        institution = self._caller.institution()
        taken = self._dated(taken_at)
        request = Checkout(
            sc_renewal_policy=may_renew,
            no_block=no_block,
            transaction_date=taken,
            nb_due_date=self._dated(due) if due else taken,
            institution_id=institution,
            patron_identifier=patron,
            item_identifier=item,
            terminal_password=self._account.terminal_password,
            patron_password=pin,
            fee_acknowledged=False,
            cancel=False,
        )
        return cast(CheckoutResponse, self.ask(request))

    def renew(
        self,
        patron: str,
        item: str,
        *,
        renewed_at: dt.datetime | None = None,
        due: dt.datetime | None = None,
        no_block: bool = False,
        pin: str | None = None,
    ) -> RenewResponse:
        """Prolong a loan. `due` as in `checkout`."""
        institution = self._caller.institution()
        renewed = self._dated(renewed_at)
        request = Renew(
            third_party_allowed=False,
            no_block=no_block,
            transaction_date=renewed,
            nb_due_date=self._dated(due) if due else renewed,
            institution_id=institution,
            patron_identifier=patron,
            patron_password=pin,
            item_identifier=item,
            terminal_password=self._account.terminal_password,
            fee_acknowledged=False,
        )
        return cast(RenewResponse, self.ask(request))

    # --- requests that change nothing ---------------------------------------------

    def status(self) -> AcsStatus:
        return cast(AcsStatus, self.ask(ScStatus()))

    def item(self, item: str) -> ItemInformationResponse:
        institution = self._caller.institution()
        request = ItemInformation(
            transaction_date=self._dated(None),
            institution_id=institution,
            item_identifier=item,
            terminal_password=self._account.terminal_password,
        )
        return cast(ItemInformationResponse, self.ask(request))

    def patron(
        self,
        patron: str,
        *,
        pin: str | None = None,
        summary: Summary = Summary.NONE,
    ) -> PatronInformationResponse:
        institution = self._caller.institution()
        request = PatronInformation(
            language=self._account.dialect.language,
            transaction_date=self._dated(None),
            summary=summary.value,
            institution_id=institution,
            patron_identifier=patron,
            terminal_password=self._account.terminal_password,
            patron_password=pin,
        )
        return cast(PatronInformationResponse, self.ask(request))

    def patron_status(self, patron: str, pin: str = "") -> PatronStatusResponse:
        institution = self._caller.institution()
        request = PatronStatus(
            language=self._account.dialect.language,
            transaction_date=self._dated(None),
            institution_id=institution,
            patron_identifier=patron,
            terminal_password=self._account.terminal_password,
            patron_password=pin,
        )
        return cast(PatronStatusResponse, self.ask(request))

    def check_pin(self, patron: str, pin: str) -> PinCheck:
        """Servers don't check it when they lend. ValueError for an empty PIN."""
        if not pin:
            raise ValueError("an empty PIN can't be checked")
        if self._account.dialect.pin_request == PatronStatus.ID:
            said: PatronStatusResponse | PatronInformationResponse
            said = self.patron_status(patron, pin)
        else:
            said = self.patron(patron, pin=pin)
        if said.valid_patron is False:
            return PinCheck.NO_SUCH_PATRON
        if said.valid_patron is None or said.valid_patron_password is None:
            return PinCheck.NOT_TOLD
        return PinCheck.RIGHT if said.valid_patron_password else PinCheck.WRONG

    def end_session(self, patron: str) -> EndSessionResponse:
        institution = self._caller.institution()
        request = EndPatronSession(
            transaction_date=self._dated(None),
            institution_id=institution,
            patron_identifier=patron,
            terminal_password=self._account.terminal_password,
        )
        return cast(EndSessionResponse, self.ask(request))

    def probe(self, request: Request, promised: dt.date | None = None) -> Outcome:
        """What became of a request of unknown outcome, by 17 and 63.

        `promised`: the due day that it was to bring. The server may still be at work on
        the request, so leave it some time before.
        """
        match request:
            case Checkin():
                return checkin_outcome(self.item(request.item_identifier))
            case Checkout():
                return checkout_outcome(
                    request.item_identifier,
                    self.item(request.item_identifier),
                    self.patron(
                        request.patron_identifier, summary=Summary.CHARGED_ITEMS
                    ),
                    promised,
                )
            case Renew(item_identifier=str(item)):
                return renew_outcome(self.item(item), promised)
        return Outcome.UNCLEAR

    # --- the link -------------------------------------------------------------------

    def ask(self, request: Request) -> Answer:
        """Any request; the answer is of its kind."""
        return self._caller.ask(request)

    @property
    def heard(self) -> Message | None:
        """The last answer as it came, secrets and all."""
        return self._caller.heard

    def keep_alive(self) -> None:
        """Ask for the status if the link is open and was idle for long."""
        self._caller.keep_alive()

    def close(self) -> None:
        self._caller.close()

    def _dated(self, moment: dt.datetime | None) -> dt.datetime:
        zone = dt.UTC if self._account.dialect.utc else COUNTY_TIME
        return (moment or self._now()).astimezone(zone)
