"""Who waits for a copy: from whom it is kept, and for whom one that came back is.

The hub asks it of all that happened (`sync.hub.circulation.hold_claims`), a kiosk
of what it was told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.domain.values import Hold, Item


@dataclass(frozen=True, slots=True)
class Borrowing:
    """Somebody wants to have this copy, here and now."""

    barcode: str
    title_id: str
    patron_ref: str
    site_id: str
    today: dt.date


def fits(hold: Hold, item: Item | Borrowing) -> bool:
    """Whether this copy is one that the reader waits for."""
    return hold.title_id == item.title_id and hold.item in ("", item.barcode)


def kept_from(holds: Sequence[Hold], wanted: Borrowing) -> Hold | None:
    """The hold that speaks against a loan, if any. `holds`: in the order of the queue.

    A copy that is set aside is for its reader alone. Any other is for whoever waits
    longest, and who waits comes before who does not.
    """
    for hold in holds:
        if hold.copy == wanted.barcode and not _is_past(hold, wanted.today):
            return None if hold.patron_ref == wanted.patron_ref else hold
    for hold in holds:
        if hold.patron_ref == wanted.patron_ref and fits(hold, wanted):
            return None
        if not hold.copy and _concerns(hold, wanted):
            return hold
    return None


def next_for(holds: Sequence[Hold], item: Item) -> Hold | None:
    """For whom a copy that came back is: whose it was, or the first who has none."""
    own = (hold for hold in holds if hold.copy == item.barcode)
    free = (hold for hold in holds if not hold.copy and fits(hold, item))
    return next(own, None) or next(free, None)


def _is_past(hold: Hold, today: dt.date) -> bool:
    """Nobody came for it in time; the hub ends it, and may not have said so yet."""
    return hold.keep_until is not None and hold.keep_until < today


def _concerns(hold: Hold, wanted: Borrowing) -> bool:
    """A hold on a copy concerns that one everywhere, others the copies at their site."""
    if hold.item:
        return fits(hold, wanted)
    return fits(hold, wanted) and hold.site_id == wanted.site_id
