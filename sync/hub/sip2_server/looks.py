"""Requests that change nothing, each to its answer."""

from __future__ import annotations

from sqlalchemy import Connection

from sync.hub.sip2_server import loan_answers, patron_answers
from sync.hub.sip2_server.county_view import copy, reader
from sync.hub.sip2_server.here import Here, status
from sync.hub.sip2_server.known import Reader
from sync.sip2.answers import Answer
from sync.sip2.requests import (
    EndPatronSession,
    FeePaid,
    ItemInformation,
    ItemStatusUpdate,
    PatronEnable,
    PatronInformation,
    PatronStatus,
    Request,
    ScStatus,
)


def answer(conn: Connection, here: Here, request: Request) -> Answer:
    """ValueError for a request that is no such."""

    def known(card: str) -> Reader | None:
        return reader(conn, card, here.now)

    match request:
        case ScStatus():
            return status(here, request)
        case ItemInformation():
            book = copy(conn, request.item_identifier)
            return loan_answers.item_information(here, request, book)
        case PatronStatus():
            who = known(request.patron_identifier)
            return patron_answers.patron_status(here, request, who)
        case PatronInformation():
            who = known(request.patron_identifier)
            return patron_answers.patron_information(here, request, who)
        case EndPatronSession():
            return patron_answers.session_ended(here, request)
        case PatronEnable():
            who = known(request.patron_identifier)
            return patron_answers.not_enabled(here, request, who)
        case FeePaid():
            return patron_answers.fee_not_taken(here, request)
        case ItemStatusUpdate():
            return loan_answers.properties_not_kept(here, request)
    raise ValueError(f"message {request.ID} is not answered by looking")
