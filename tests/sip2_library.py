"""A small library that answers SIP2 requests as common systems do.

A checkout by the patron who has the item renews the loan, and a second return is refused:
so a request that is sent twice leaves a trace in `deeds`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.sip2 import answers, requests
from sync.sip2.answers import Answer
from sync.sip2.requests import Request
from sync.sip2.tables import CirculationStatus, Summary

AT = dt.datetime(2026, 11, 23, 9, 15, tzinfo=dt.timezone(dt.timedelta(hours=8)))
LOAN_DAYS = 30
VALID = " " * 14
BLOCKED = "YY" + " " * 12


@dataclass
class Loan:
    patron: str
    due: dt.date


@dataclass
class Library:
    """Cards with PINs and items with titles; `deeds` in the order they were done."""

    pins: Mapping[str, str] = field(
        default_factory=lambda: {"R1": "0417", "R2": "1234"}
    )
    names: Mapping[str, str] = field(
        default_factory=lambda: {"R1": "王億", "R2": "李质"}
    )
    titles: Mapping[str, str] = field(
        default_factory=lambda: {"B1": "東周列國志", "B2": "三国演义·上册"}
    )
    loans: dict[str, Loan] = field(default_factory=dict)
    deeds: list[tuple[str, str]] = field(default_factory=list)
    login: tuple[str, str] = ("kiosk", "secret")
    institution: str = "CN-370102"
    timeout_period: int | None = 100
    online: bool = True

    def answer(self, request: Request) -> Answer | None:
        """None: this library has never heard of such a request."""
        match request:
            case requests.Login():
                given = (request.login_user_id, request.login_password)
                return answers.LoginResponse(ok=given == self.login)
            case requests.ScStatus():
                return self._status()
            case requests.Checkout():
                return self._checkout(request)
            case requests.Checkin():
                return self._checkin(request)
            case requests.Renew():
                return self._renew(request)
            case requests.ItemInformation():
                return self._item(request)
            case requests.PatronInformation():
                return self._patron(request)
            case requests.PatronStatus():
                return self._patron_status(request)
            case requests.EndPatronSession():
                return answers.EndSessionResponse(
                    end_session=True,
                    transaction_date=AT,
                    institution_id=self.institution,
                    patron_identifier=request.patron_identifier,
                )
        return None

    def _status(self) -> Answer:
        return answers.AcsStatus(
            online_status=self.online,
            checkin_ok=True,
            checkout_ok=True,
            acs_renewal_policy=True,
            status_update_ok=False,
            offline_ok=False,
            timeout_period=self.timeout_period,
            retries_allowed=3,
            date_time_sync=AT,
            protocol_version="2.00",
            institution_id=self.institution,
            supported_messages="Y" * 16,
        )

    def _checkout(self, request: requests.Checkout) -> Answer:
        item, patron = request.item_identifier, request.patron_identifier
        loan = self.loans.get(item)
        free = loan is None or loan.patron == patron
        ok = free and item in self.titles and patron in self.pins
        if ok:
            self._lend("renewed" if loan else "lent", item, patron, loan)
        return self._lent(
            answers.CheckoutResponse, item, patron, ok=ok, renewal=loan is not None
        )

    def _renew(self, request: requests.Renew) -> Answer:
        item, patron = request.item_identifier or "", request.patron_identifier
        loan = self.loans.get(item)
        ok = loan is not None and loan.patron == patron
        if ok:
            self._lend("renewed", item, patron, loan)
        return self._lent(answers.RenewResponse, item, patron, ok=ok, renewal=ok)

    def _lend(self, deed: str, item: str, patron: str, loan: Loan | None) -> None:
        begins = loan.due if loan else AT.date()
        self.loans[item] = Loan(patron, begins + dt.timedelta(days=LOAN_DAYS))
        self.deeds.append((deed, item))

    def _lent(
        self,
        kind: type[answers.LoanResponse],
        item: str,
        patron: str,
        *,
        ok: bool,
        renewal: bool,
    ) -> Answer:
        return kind(
            ok=ok,
            renewal_ok=ok and renewal,
            magnetic_media="N",
            desensitize=ok,
            transaction_date=AT,
            institution_id=self.institution,
            patron_identifier=patron,
            item_identifier=item,
            title_identifier=self.titles.get(item, ""),
            due_date=f"{self.loans[item].due}" if ok else "",
            screen_messages=("成功" if ok else "失败",),
        )

    def _checkin(self, request: requests.Checkin) -> Answer:
        item = request.item_identifier
        ok = self.loans.pop(item, None) is not None
        if ok:
            self.deeds.append(("returned", item))
        return answers.CheckinResponse(
            ok=ok,
            resensitize=ok,
            magnetic_media="N",
            alert=False,
            transaction_date=AT,
            institution_id=self.institution,
            item_identifier=item,
            permanent_location="流通库",
        )

    def _item(self, request: requests.ItemInformation) -> Answer:
        item = request.item_identifier
        loan = self.loans.get(item)
        status = CirculationStatus.CHARGED if loan else CirculationStatus.AVAILABLE
        known = item in self.titles
        return answers.ItemInformationResponse(
            circulation_status=status if known else CirculationStatus.OTHER,
            security_marker="00",
            fee_type="01",
            transaction_date=AT,
            due_date=f"{loan.due}" if loan else None,
            item_identifier=item,
            title_identifier=self.titles.get(item, ""),
        )

    def _patron(self, request: requests.PatronInformation) -> Answer:
        patron = request.patron_identifier
        charged = tuple(
            item for item, loan in self.loans.items() if loan.patron == patron
        )
        wanted = request.summary == Summary.CHARGED_ITEMS
        return answers.PatronInformationResponse(
            patron_status=VALID if patron in self.pins else BLOCKED,
            language=request.language,
            transaction_date=AT,
            hold_items_count=0,
            overdue_items_count=0,
            charged_items_count=len(charged),
            fine_items_count=None,
            recall_items_count=None,
            unavailable_holds_count=None,
            institution_id=self.institution,
            patron_identifier=patron,
            personal_name=self.names.get(patron, ""),
            valid_patron=patron in self.pins,
            valid_patron_password=self._is_pin(patron, request.patron_password),
            charged_items=charged if wanted else (),
        )

    def _patron_status(self, request: requests.PatronStatus) -> Answer:
        patron = request.patron_identifier
        return answers.PatronStatusResponse(
            patron_status=VALID if patron in self.pins else BLOCKED,
            language=request.language,
            transaction_date=AT,
            institution_id=self.institution,
            patron_identifier=patron,
            personal_name=self.names.get(patron, ""),
            valid_patron=patron in self.pins,
            valid_patron_password=self._is_pin(patron, request.patron_password),
        )

    def _is_pin(self, patron: str, pin: str | None) -> bool | None:
        return self.pins.get(patron) == pin if pin else None
