"""Holds that a machine places or gives up for a reader."""

from __future__ import annotations

from kiosk.domain.credentials import normalise
from sync.hub.county import catalogue
from sync.hub.sip2_server.circulating import Desk
from sync.hub.sip2_server.here import Told
from sync.hub.sip2_server.known import Reader, Waiting
from sync.protocol import Kind, Outcome
from sync.sip2.requests import Hold

_ONE_COPY = "3"
_ADD, _GIVE_UP = "+", "-"
#: The hub's word for a hold that it did not take from this reader.
_DECLINED = "hold.suspended"


def hold(desk: Desk, request: Hold) -> Told:
    """Place or give up a hold; of one that is there already nothing is placed twice."""
    who = desk.reader(request.patron_identifier)
    if who is None:
        return Told(ok=False, reason="E-CARD-UNKNOWN")
    title_id = _title_id(desk, request)
    if title_id is None:
        return Told(ok=False, reason="E-ITEM-UNKNOWN")
    mine = [one for one in who.waiting if one.title_id == title_id]
    match request.hold_mode:
        case str(mode) if mode == _ADD:
            return _place(desk, request, who, title_id, mine)
        case str(mode) if mode == _GIVE_UP:
            return _give_up(desk, who, mine)
    return Told(ok=False, reason="hold.change")


def _place(
    desk: Desk, request: Hold, who: Reader, title_id: str, mine: list[Waiting]
) -> Told:
    """Who may not borrow because of their card may not reserve."""
    if who.refusal is not None and who.refusal.reason.startswith("E-CARD"):
        return Told(ok=False, reason=who.refusal.reason)
    if mine:
        return Told(ok=True, reason="done.hold")
    if len(who.waiting) >= who.hold_limit:
        return Told(ok=False, reason="hold.limit", params={"n": who.hold_limit})
    item = normalise(request.item_identifier or "")
    one_copy = request.hold_type == _ONE_COPY and bool(item)
    verdict = desk.ledger.add(
        Kind.HOLD_PLACE,
        site_id=_pickup(desk, request),
        patron_ref=who.patron.patron_ref,
        item=item if one_copy else None,
        payload={} if one_copy else {"title_id": title_id},
    )
    if verdict.outcome is Outcome.REFUSED or verdict.reason == _DECLINED:
        return Told(ok=False, reason=verdict.reason, params=verdict.params)
    return Told(ok=True, reason="done.hold")


def _give_up(desk: Desk, who: Reader, mine: list[Waiting]) -> Told:
    if not mine:
        return Told(ok=False, reason="hold.none")
    for one in mine:
        desk.ledger.add(
            Kind.HOLD_CANCEL, patron_ref=who.patron.patron_ref, refers_to=one.hold_id
        )
    return Told(ok=True, reason="done.unhold")


def _title_id(desk: Desk, request: Hold) -> str | None:
    """Of the copy that is named, or the title itself by its number."""
    book = desk.copy(request.item_identifier)
    if book.item is not None:
        return book.item.title_id
    given = request.title_identifier or ""
    title = catalogue.title(desk.conn, given)
    return title.title_id if title else None


def _pickup(desk: Desk, request: Hold) -> str | None:
    """A site that is named by its number; else where the machine stands."""
    site = catalogue.site(desk.conn, request.pickup_location or "")
    return site.site_id if site else None
