"""What became of a request whose answer was lost: judged from what the server says now."""

from __future__ import annotations

import datetime as dt
import enum

from sync.sip2.answers import ItemInformationResponse, PatronInformationResponse
from sync.sip2.dates import due_day
from sync.sip2.tables import NOT_ON_LOAN, ON_LOAN

#: A server may end a loan a day earlier than we would, at midnight for instance.
_SLACK = dt.timedelta(days=1)


class Outcome(enum.StrEnum):
    DONE = "done"
    #: It may be sent again.
    NOT_DONE = "not_done"
    #: The server's answers don't tell; staff must look.
    UNCLEAR = "unclear"


def checkin_outcome(item: ItemInformationResponse) -> Outcome:
    """DONE as soon as nobody has the item any more."""
    if item.circulation_status in ON_LOAN:
        return Outcome.NOT_DONE
    return Outcome.DONE if item.circulation_status in NOT_ON_LOAN else Outcome.UNCLEAR


def checkout_outcome(
    item_identifier: str,
    item: ItemInformationResponse,
    patron: PatronInformationResponse,
    promised: dt.date | None = None,
) -> Outcome:
    """DONE if the patron has the item; `patron` must hold the list of charged items.

    NOT_DONE only if nobody has it, or the whole list is known and lacks it: sent twice,
    a checkout becomes a renewal.
    """
    if item.circulation_status in NOT_ON_LOAN:
        return Outcome.NOT_DONE
    if item_identifier in patron.charged_items:
        return Outcome.DONE
    if item.circulation_status not in ON_LOAN:
        return Outcome.UNCLEAR
    if _is_whole(patron) and not _lists_titles(patron, item):
        return Outcome.NOT_DONE
    due = due_day(item.due_date)
    is_ours = promised is not None and due is not None and due >= promised - _SLACK
    return Outcome.DONE if is_ours and not patron.charged_items else Outcome.UNCLEAR


def renew_outcome(item: ItemInformationResponse, promised: dt.date | None) -> Outcome:
    """DONE if the item is due about when it was promised; that must be known."""
    if item.circulation_status in NOT_ON_LOAN:
        return Outcome.NOT_DONE
    due = due_day(item.due_date)
    if due is None or promised is None:
        return Outcome.UNCLEAR
    return Outcome.DONE if due >= promised - _SLACK else Outcome.NOT_DONE


def _is_whole(patron: PatronInformationResponse) -> bool:
    return patron.charged_items_count == len(patron.charged_items)


def _lists_titles(
    patron: PatronInformationResponse, item: ItemInformationResponse
) -> bool:
    """Some servers list titles, or barcode and title in one."""
    texts = filter(None, (item.title_identifier, item.item_identifier))
    return any(text in listed for text in texts for listed in patron.charged_items)
