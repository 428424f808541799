"""Answers about readers: their state, their counts and lists; names are masked.

The hub keeps no PINs, so no answer says whether one is right (CQ is left out).
"""

from __future__ import annotations

from typing import TypedDict

from kiosk.domain.values import Loan, PatronState
from sync.hub.sip2_server.here import Here
from sync.hub.sip2_server.known import Reader
from sync.sip2.answers import (
    EndSessionResponse,
    FeePaidResponse,
    PatronEnableResponse,
    PatronInformationResponse,
    PatronStatusResponse,
)
from sync.sip2.requests import (
    BlockPatron,
    EndPatronSession,
    FeePaid,
    PatronEnable,
    PatronInformation,
    PatronStatus,
)
from sync.sip2.tables import Block, Summary

_CARD_BLOCKS = (Block.CHARGE_DENIED, Block.RENEWAL_DENIED, Block.HOLD_DENIED)
_BLOCKS = {
    "E-CARD-LOST": (*_CARD_BLOCKS, Block.CARD_LOST),
    "E-LIMIT": (Block.CHARGE_DENIED, Block.TOO_MANY_CHARGED),
    "E-OVERDUE": (Block.CHARGE_DENIED, Block.TOO_MANY_OVERDUE),
}
_LANGUAGES = {"zh_Hans": "019", "en": "001"}


class _Common(TypedDict):
    """Fields of all answers about a reader."""

    patron_status: str
    language: str
    institution_id: str
    patron_identifier: str
    personal_name: str
    valid_patron: bool
    screen_messages: tuple[str, ...]


def patron_status(
    here: Here, request: PatronStatus | BlockPatron, reader: Reader | None
) -> PatronStatusResponse:
    return PatronStatusResponse(
        transaction_date=here.moment,
        **_common(here, request.patron_identifier, reader),
    )


def not_enabled(
    here: Here, request: PatronEnable, reader: Reader | None
) -> PatronEnableResponse:
    """Only people put a card back to use."""
    common = _common(here, request.patron_identifier, reader)
    common["screen_messages"] = here.texts("ask.staff")
    return PatronEnableResponse(transaction_date=here.moment, **common)


def patron_information(
    here: Here, request: PatronInformation, reader: Reader | None
) -> PatronInformationResponse:
    """Counts always, and the part of one list that is asked for."""
    loans, late = (reader.loans, reader.overdue) if reader else ((), ())
    holds = reader.waiting if reader else ()
    ready = tuple(one.ready for one in holds if one.ready)
    waiting = tuple(one.item or one.title for one in holds if not one.ready)
    wanted = request.summary
    return PatronInformationResponse(
        transaction_date=here.moment,
        hold_items_count=len(ready),
        overdue_items_count=len(late),
        charged_items_count=len(loans),
        fine_items_count=0,
        recall_items_count=0,
        unavailable_holds_count=len(waiting),
        charged_items_limit=f"{min(reader.limit, 9999):04}" if reader else None,
        hold_items=_part(request, ready) if wanted == Summary.HOLD_ITEMS else (),
        unavailable_hold_items=_part(request, waiting)
        if wanted == Summary.UNAVAILABLE_HOLDS
        else (),
        overdue_items=_items(request, late) if wanted == Summary.OVERDUE_ITEMS else (),
        charged_items=_items(request, loans) if wanted == Summary.CHARGED_ITEMS else (),
        **_common(here, request.patron_identifier, reader),
    )


def session_ended(here: Here, request: EndPatronSession) -> EndSessionResponse:
    return EndSessionResponse(
        end_session=True,
        transaction_date=here.moment,
        institution_id=here.institution,
        patron_identifier=request.patron_identifier,
    )


def fee_not_taken(here: Here, request: FeePaid) -> FeePaidResponse:
    return FeePaidResponse(
        payment_accepted=False,
        transaction_date=here.moment,
        institution_id=here.institution,
        patron_identifier=request.patron_identifier,
        screen_messages=here.texts("no.fees"),
    )


def _common(here: Here, card: str, reader: Reader | None) -> _Common:
    refusal = reader.refusal if reader else None
    reason = refusal.reason if refusal else None
    if reader is None:
        reason = "E-CARD-UNKNOWN"
    return {
        "patron_status": _flags(reason),
        "language": _LANGUAGES[here.machine.language],
        "institution_id": here.institution,
        "patron_identifier": card,
        "personal_name": reader.patron.name if reader else "",
        "valid_patron": reader is not None and _is_valid(reader),
        "screen_messages": here.texts(reason, refusal.params if refusal else None),
    }


def _is_valid(reader: Reader) -> bool:
    return reader.card_works and reader.patron.state is not PatronState.CANCELLED


def _flags(reason: str | None) -> str:
    said = _BLOCKS.get(reason, _CARD_BLOCKS) if reason else ()
    return "".join("Y" if block in said else " " for block in Block)


def _items(request: PatronInformation, loans: tuple[Loan, ...]) -> tuple[str, ...]:
    return _part(request, tuple(loan.item for loan in loans))


def _part(request: PatronInformation, lines: tuple[str, ...]) -> tuple[str, ...]:
    """From `start_item` to `end_item`, which count from 1; all that is no number."""
    first = _number(request.start_item) or 1
    return lines[first - 1 : _number(request.end_item)]


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and int(text) else None
