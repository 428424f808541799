"""What a machine asks for is decided and recorded; within one transaction that writes.

A book that has left or come back already is a fact and never refused. All else is
asked first, by the rules that a kiosk's ask is decided by.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Loan, county_day
from sync.hub.sip2_server.county_view import copy, reader
from sync.hub.sip2_server.here import Here, Told
from sync.hub.sip2_server.known import Copy, Reader
from sync.hub.sip2_server.recording import Ledger
from sync.protocol import Kind, Outcome, Verdict
from sync.sip2.requests import Checkin, Checkout, Renew, RenewAll

#: One request renews no more than this; nobody has so many.
_MOST = 100


@dataclass(frozen=True, slots=True)
class Desk:
    """Where deeds are done, for one request."""

    conn: Connection
    here: Here
    ledger: Ledger

    def reader(self, card: str) -> Reader | None:
        return reader(self.conn, card, self.here.now)

    def copy(self, barcode: str | None) -> Copy:
        return copy(self.conn, barcode or "")


def check_out(desk: Desk, request: Checkout) -> Told:
    """Lend. A book that the reader has already is renewed only if the machine may."""
    who, book = (
        desk.reader(request.patron_identifier),
        desk.copy(request.item_identifier),
    )
    if request.no_block:
        return _has_left(desk, Kind.CHECKOUT, request, who, book)
    mine = _loan_of(who, book)
    if who is None or not who.card_works:
        return _refused("E-CARD-LOST" if who else "E-CARD-UNKNOWN")
    if mine is None:
        fields = {"item": book.barcode, "patron_ref": who.patron.patron_ref}
        return _told(
            desk.ledger.ask(Kind.CHECKOUT, loan_ref=uuid.uuid4().hex, **fields)
        )
    unchanged = Told(True, "E-ITEM-MINE", {"date": mine.due_on}, mine.due_on)
    if not request.sc_renewal_policy:
        return unchanged
    told = _renewed(desk, mine)
    return (
        told if told.ok else replace(unchanged, reason=told.reason, params=told.params)
    )


def renew(desk: Desk, request: Renew) -> Told:
    who, book = (
        desk.reader(request.patron_identifier),
        desk.copy(request.item_identifier),
    )
    if request.no_block:
        return replace(_has_left(desk, Kind.RENEW, request, who, book), renewed=True)
    if who is None or not who.card_works:
        return _refused("E-CARD-LOST" if who else "E-CARD-UNKNOWN")
    mine = _loan_of(who, book)
    if mine is None:
        return _refused("E-ITEM-OTHERLOAN" if book.loan else "E-GENERIC")
    return _renewed(desk, mine)


def renew_all(desk: Desk, request: RenewAll) -> tuple[Told, dict[str, bool]]:
    """Each loan of the reader, by item: whether it was renewed."""
    who = desk.reader(request.patron_identifier)
    if who is None or not who.card_works:
        return _refused("E-CARD-LOST" if who else "E-CARD-UNKNOWN"), {}
    each = {loan.item: _renewed(desk, loan) for loan in who.loans[:_MOST]}
    failed = [told for told in each.values() if not told.ok]
    reason = failed[0].reason if failed else None
    params = failed[0].params if failed else {}
    return Told(not failed, reason, params), {
        item: told.ok for item, told in each.items()
    }


def take_back(desk: Desk, request: Checkin) -> Told:
    """Whatever comes back is back. The machine's own date counts with no block only."""
    barcode = normalise(request.item_identifier)
    if not request.no_block:
        return _told(desk.ledger.add(Kind.CHECKIN, item=barcode))
    at = request.return_date or request.transaction_date
    event_id = _name(desk, "09", at, barcode, "")
    if event_id and desk.ledger.has(event_id):
        return Told(True)
    return _told(desk.ledger.add(Kind.CHECKIN, item=barcode, at=at, event_id=event_id))


def _has_left(
    desk: Desk,
    kind: Kind,
    request: Checkout | Renew,
    who: Reader | None,
    book: Copy,
) -> Told:
    """It happened at the machine; the same told again is nothing new."""
    at, card = request.transaction_date, normalise(request.patron_identifier)
    event_id = _name(desk, request.ID, at, book.barcode, card)
    if event_id and desk.ledger.has(event_id):
        mine = _loan_of(who, book)
        return Told(True, due_on=mine.due_on if mine else None)
    promised = _promised(request, min(at or desk.here.now, desk.here.now))
    payload = {"due_on": promised.isoformat()} if promised else {}
    if who is None:
        payload["card"] = card  # whoever that is: staff can find out
    verdict = desk.ledger.add(
        kind,
        at=at,
        event_id=event_id,
        item=book.barcode,
        patron_ref=who.patron.patron_ref if who else None,
        loan_ref=uuid.uuid4().hex if kind is Kind.CHECKOUT else None,
        payload=payload,
    )
    return replace(_told(verdict), ok=True)


def _renewed(desk: Desk, loan: Loan) -> Told:
    verdict = desk.ledger.ask(
        Kind.RENEW, item=loan.item, patron_ref=loan.patron_ref, loan_ref=loan.loan_ref
    )
    return replace(_told(verdict), renewed=verdict.outcome is not Outcome.REFUSED)


def _loan_of(who: Reader | None, book: Copy) -> Loan | None:
    """The loan of this book, if it is this reader's."""
    loan = book.loan
    mine = who and loan and loan.patron_ref == who.patron.patron_ref
    return loan if mine else None


def _name(
    desk: Desk, what: str, at: dt.datetime | None, item: str, card: str
) -> str | None:
    """None without a date: then nothing tells one deed from another."""
    return desk.ledger.name_of(what, at.isoformat(), item, card) if at else None


def _promised(request: Checkout | Renew, at: dt.datetime) -> dt.date | None:
    """The day that the reader was told; machines repeat the date where they told none."""
    due = request.nb_due_date
    day = county_day(due) if due else None
    return day if day and day > county_day(at) else None


def _refused(reason: str) -> Told:
    return Told(ok=False, reason=reason)


def _told(verdict: Verdict) -> Told:
    ok = verdict.outcome is not Outcome.REFUSED
    return Told(ok, verdict.reason, verdict.params, verdict.due_on)
