"""Wanting a copy elsewhere: for a hold, for repair, or because staff say so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kiosk.domain.credentials import normalise
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.county.item_files import UnknownItem
from sync.hub.refusal import Refusal
from sync.hub.transfers.following import lines_of, live_lines, store
from sync.hub.transfers.lines import Line, Reason, follows_from_fact


class BadTransfer(Refusal, ValueError):
    """A copy that can't go there; the text says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a copy should go. `because`: the hold or act that it follows from."""

    to_site: str
    reason: Reason
    because: str


def want(
    work: UnitOfWork, item: str, wish: Wish, at: dt.datetime, by: str = ""
) -> Line | None:
    """Put a copy on the transfer list once; the same again for the same ground.

    None if it is there already. What only followed from a return gives way. `by` is
    empty for the hub itself. Raises UnknownItem, BadTransfer.
    """
    copy = work.item(normalise(item))
    if copy is None:
        raise UnknownItem(f"there is no item {item!r}")
    if work.site(wish.to_site) is None:
        raise BadTransfer(f"there is no site {wish.to_site!r}")
    transfer_id = f"{wish.reason}:{wish.because}:{copy.barcode}"
    lines = lines_of(work, copy.barcode)
    known = next((one for one in lines if one.transfer_id == transfer_id), None)
    if known is not None or copy.current_site == wish.to_site:
        return known
    for line in filter(follows_from_fact, live_lines(work, copy.barcode)):
        work.transfers.drop(line.transfer_id)
    line = Line(
        transfer_id,
        copy.barcode,
        copy.current_site,
        wish.to_site,
        wish.reason,
        wish.because,
        at,
        by,
    )
    store(work, line)
    return line


def unwant(work: UnitOfWork, item: str, because: str) -> None:
    """Its ground is gone: off the list, unless the copy is on its way already."""
    for line in live_lines(work, item):
        if line.because == because and line.sent_at is None:
            work.transfers.drop(line.transfer_id)
