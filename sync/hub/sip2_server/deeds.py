"""Requests that change something, each to its answer."""

from __future__ import annotations

from sync.hub.sip2_server import loan_answers, patron_answers
from sync.hub.sip2_server.blocking import block
from sync.hub.sip2_server.circulating import (
    Desk,
    check_out,
    renew,
    renew_all,
    take_back,
)
from sync.hub.sip2_server.reserving import hold
from sync.sip2.answers import Answer, CheckoutResponse, RenewResponse
from sync.sip2.requests import (
    BlockPatron,
    Checkin,
    Checkout,
    Hold,
    Renew,
    RenewAll,
    Request,
)

DEEDS = (BlockPatron, Checkin, Checkout, Hold, Renew, RenewAll)


def answer(desk: Desk, request: Request) -> Answer:
    """Done within a transaction that writes. ValueError for what is no deed."""
    here = desk.here
    match request:
        case Checkout():
            told = check_out(desk, request)
            book = desk.copy(request.item_identifier)
            return loan_answers.lent(CheckoutResponse, here, request, book, told)
        case Checkin():
            told = take_back(desk, request)
            book = desk.copy(request.item_identifier)
            return loan_answers.returned(here, request, book, told)
        case Renew():
            told = renew(desk, request)
            book = desk.copy(request.item_identifier)
            return loan_answers.lent(RenewResponse, here, request, book, told)
        case RenewAll():
            told, each = renew_all(desk, request)
            done = tuple(item for item, ok in each.items() if ok)
            others = tuple(item for item, ok in each.items() if not ok)
            return loan_answers.renewed_all(here, done, others, told)
        case Hold():
            told = hold(desk, request)
            book = desk.copy(request.item_identifier)
            return loan_answers.held(here, request, book, told)
        case BlockPatron():
            return patron_answers.patron_status(here, request, block(desk, request))
    raise ValueError(f"message {request.ID} changes nothing")
