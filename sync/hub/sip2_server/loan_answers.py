"""Answers about copies, loans, returns and holds: pure functions of what is known."""

from __future__ import annotations

from typing import TypeVar

from kiosk.domain.values import ItemState
from sync.hub.sip2_server.here import Here, Told, due_text, last_minute
from sync.hub.sip2_server.known import Copy
from sync.hub.sip2_server.routing import route_of
from sync.sip2.answers import (
    CheckinResponse,
    HoldResponse,
    ItemInformationResponse,
    ItemStatusUpdateResponse,
    LoanResponse,
    RenewAllResponse,
)
from sync.sip2.requests import (
    Checkin,
    Checkout,
    Hold,
    ItemInformation,
    ItemStatusUpdate,
    Renew,
)
from sync.sip2.tables import CirculationStatus

_UNMAGNETIC, _BOOK, _RFID, _OTHER_FEE = "N", "001", "00", "01"
_STATES = {
    ItemState.LOST: CirculationStatus.LOST,
    ItemState.DAMAGED: CirculationStatus.IN_PROCESS,
    ItemState.IN_PROCESS: CirculationStatus.IN_PROCESS,
    ItemState.WITHDRAWN: CirculationStatus.OTHER,
}
LoanKind = TypeVar("LoanKind", bound=LoanResponse)


def lent(
    kind: type[LoanKind],
    here: Here,
    request: Checkout | Renew,
    copy: Copy,
    told: Told,
) -> LoanKind:
    """The gate is opened for a book that is on loan to this reader, never else."""
    return kind(
        ok=told.ok,
        renewal_ok=told.ok and told.renewed,
        magnetic_media=_UNMAGNETIC,
        desensitize=told.ok,
        transaction_date=here.moment,
        institution_id=here.institution,
        patron_identifier=request.patron_identifier,
        item_identifier=request.item_identifier or "",
        title_identifier=copy.title,
        due_date=due_text(told.due_on),
        media_type=_BOOK,
        screen_messages=here.texts(told.reason, told.params),
    )


def returned(here: Here, request: Checkin, copy: Copy, told: Told) -> CheckinResponse:
    """Always taken back. An alert says that it does not belong on this shelf."""
    route = route_of(here, copy, told)
    return CheckinResponse(
        ok=True,
        resensitize=True,
        magnetic_media=_UNMAGNETIC,
        alert=route.alert is not None,
        transaction_date=here.moment,
        institution_id=here.institution,
        item_identifier=request.item_identifier,
        permanent_location=copy.item.home_site if copy.item else "",
        title_identifier=copy.title,
        media_type=_BOOK,
        screen_messages=here.texts(route.reason, route.params),
        other=route.fields,
    )


def item_information(
    here: Here, request: ItemInformation, copy: Copy
) -> ItemInformationResponse:
    item, loan = copy.item, copy.loan
    return ItemInformationResponse(
        circulation_status=_status(copy),
        security_marker=_RFID,
        fee_type=_OTHER_FEE,
        transaction_date=here.moment,
        hold_queue_length=str(copy.queue),
        due_date=due_text(loan.due_on) if loan else None,
        hold_pickup_date=last_minute(copy.kept_until) if copy.kept_until else None,
        item_identifier=request.item_identifier,
        title_identifier=copy.title,
        owner=item.owner if item else None,
        media_type=_BOOK,
        permanent_location=item.home_site if item else None,
        current_location=item.current_site if item and not loan else None,
    )


def properties_not_kept(
    here: Here, request: ItemStatusUpdate
) -> ItemStatusUpdateResponse:
    return ItemStatusUpdateResponse(
        item_properties_ok=False,
        transaction_date=here.moment,
        item_identifier=request.item_identifier,
        screen_messages=here.texts("no.properties"),
    )


def held(here: Here, request: Hold, copy: Copy, told: Told) -> HoldResponse:
    """`available`: a copy is free; `queue_position` counts from 1."""
    placed = told.ok and request.hold_mode == "+"
    return HoldResponse(
        ok=told.ok,
        available=placed and copy.item is not None and copy.loan is None,
        transaction_date=here.moment,
        queue_position=str(copy.queue) if placed else None,
        pickup_location=request.pickup_location,
        institution_id=here.institution,
        patron_identifier=request.patron_identifier,
        item_identifier=request.item_identifier,
        title_identifier=request.title_identifier or copy.title,
        screen_messages=here.texts(told.reason, told.params),
    )


def renewed_all(
    here: Here, renewed: tuple[str, ...], others: tuple[str, ...], told: Told
) -> RenewAllResponse:
    return RenewAllResponse(
        ok=told.ok,
        renewed_count=len(renewed),
        unrenewed_count=len(others),
        transaction_date=here.moment,
        institution_id=here.institution,
        renewed_items=renewed,
        unrenewed_items=others,
        screen_messages=here.texts(told.reason, told.params),
    )


def _status(copy: Copy) -> str:
    if copy.loan is not None:
        return CirculationStatus.CHARGED
    if copy.item is None:
        return CirculationStatus.OTHER
    if copy.kept_until is not None:
        return CirculationStatus.ON_HOLD_SHELF
    if copy.travels:
        return CirculationStatus.IN_TRANSIT
    return _STATES.get(copy.item.state, CirculationStatus.AVAILABLE)
