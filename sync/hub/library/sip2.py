"""A library system that speaks SIP2."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from kiosk.domain.values import COUNTY_TIME
from sync.hub.library import port
from sync.hub.library.port import (
    Away,
    Done,
    ItemThere,
    Lending,
    NoBlock,
    Outcome,
    PatronThere,
    Refused,
    Renewal,
    TakingBack,
    Unknown,
)
from sync.sip2.answers import CheckinResponse, LoanResponse
from sync.sip2.client import Client, PinCheck
from sync.sip2.dates import due_day
from sync.sip2.errors import (
    BadMessage,
    LinkLost,
    LoginRefused,
    NotUnderstood,
    PlainText,
    UnknownOutcome,
)
from sync.sip2.tables import NOT_ON_LOAN, ON_LOAN, Summary

#: Reasons that are no words of the library system.
NOT_UNDERSTOOD, NOT_SENDABLE, NO_REASON = "not_understood", "not_sendable", "no_reason"

_AWAY = (LinkLost, LoginRefused, PlainText)
_LAST_MINUTE = dt.time(23, 59, 59, tzinfo=COUNTY_TIME)


class Sip2Library:
    """Fulfils `LibrarySystem`; owns the client."""

    def __init__(self, client: Client, no_block: NoBlock = NoBlock.AUTO) -> None:
        self._client = client
        self._no_block = no_block
        self._title = ""  # of the item that was last looked at

    def lend(self, act: Lending) -> Outcome:
        return _outcome(
            lambda: self._client.checkout(
                act.patron,
                act.item,
                taken_at=act.at,
                due=_end_of(act.due_on),
                no_block=self._says_no_block(),
            )
        )

    def take_back(self, act: TakingBack) -> Outcome:
        return _outcome(
            lambda: self._client.checkin(
                act.item,
                processed_at=act.at,
                returned_at=act.at,
                no_block=self._says_no_block(),
            )
        )

    def renew(self, act: Renewal) -> Outcome:
        return _outcome(
            lambda: self._client.renew(
                act.patron,
                act.item,
                renewed_at=act.at,
                due=_end_of(act.due_on),
                no_block=self._says_no_block(),
            )
        )

    def item(self, barcode: str) -> ItemThere | Away:
        try:
            told = self._client.item(barcode)
        except _AWAY as err:
            return Away(str(err))
        except (NotUnderstood, BadMessage):
            return ItemThere(None)
        self._title = told.title_identifier
        on_loan = told.circulation_status in ON_LOAN
        sure = on_loan or told.circulation_status in NOT_ON_LOAN
        return ItemThere(on_loan if sure else None, due_day(told.due_date))

    def patron(self, number: str) -> PatronThere | Away:
        """Some list titles; what names the item that was last looked at may be it."""
        try:
            told = self._client.patron(number, summary=Summary.CHARGED_ITEMS)
        except _AWAY as err:
            return Away(str(err))
        except (NotUnderstood, BadMessage):
            return PatronThere()
        listed = told.charged_items
        titles = self._title and any(self._title in text for text in listed)
        whole = told.charged_items_count == len(listed) and not titles
        return PatronThere(frozenset(listed), complete=whole)

    def check_pin(self, number: str, pin: str) -> port.PinCheck | Away:
        """An unknown patron's PIN is wrong."""
        try:
            found = self._client.check_pin(number, pin)
        except _AWAY as err:
            return Away(str(err))
        except (NotUnderstood, BadMessage):
            return port.PinCheck.NOT_TOLD
        match found:
            case PinCheck.RIGHT:
                return port.PinCheck.RIGHT
            case PinCheck.NOT_TOLD:
                return port.PinCheck.NOT_TOLD
        return port.PinCheck.WRONG

    def close(self) -> None:
        self._client.close()

    def _says_no_block(self) -> bool:
        """What a server says of itself may change while it is up: ask each time."""
        match self._no_block:
            case NoBlock.YES:
                return True
            case NoBlock.NO:
                return False
        try:
            return self._client.status().offline_ok
        except NotUnderstood:
            return False


def _outcome(send: Callable[[], LoanResponse | CheckinResponse]) -> Outcome:
    try:
        answer = send()
    except UnknownOutcome as err:
        return Unknown(str(err))
    except _AWAY as err:
        return Away(str(err))
    except NotUnderstood:
        return Refused(NOT_UNDERSTOOD)
    except BadMessage as err:
        return Refused(f"{NOT_SENDABLE}: {err}")
    if not answer.ok:
        return Refused(" ".join(answer.screen_messages) or NO_REASON)
    return Done(due_day(answer.due_date) if isinstance(answer, LoanResponse) else None)


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, _LAST_MINUTE)
