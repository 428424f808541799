"""Copies that are set aside for a reader elsewhere: on the list of those to be sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sync.hub.circulation import shelf
from sync.hub.circulation.hold_values import Hold, HoldState, SetDown, staff_place
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.store.rows import Row
from sync.hub.transfers.following import (
    SET_ASIDE,
    live_lines,
    place_of,
    policy_at,
    review,
)
from sync.hub.transfers.lines import Reason
from sync.hub.transfers.wishes import Wish, unwant, want


def received(lines: Iterable[Row]) -> tuple[SetDown, ...]:
    """Copies that were sent for a hold and have come."""
    return tuple(
        SetDown(
            row["item"],
            row["to_site"],
            staff_place(row["received_at"], row["transfer_id"]),
        )
        for row in lines
        if row["reason"] == Reason.HOLD and row["received_at"] is not None
    )


def send_home(
    work: UnitOfWork, copy: str, hold_id: str, now: dt.datetime, by: str
) -> str:
    """On the list of those to be sent, where copies that belong elsewhere go home.

    Returns where it has to go, for whatever reason; empty if it stays.
    """
    item = work.item(copy)
    if item is None:
        return ""
    live = live_lines(work, copy)
    if live:
        return live[0].to_site
    site_id, reason = place_of(work, item)
    policy = policy_at(work, item.current_site)
    if site_id == item.current_site or policy is not ForeignReturn.RETURN_HOME:
        return ""
    want(work, copy, Wish(site_id, reason, hold_id), now, by)
    return site_id


def tell_transfers(
    work: UnitOfWork,
    holds: Sequence[Hold],
    stored: Mapping[str, Row],
    now: dt.datetime,
) -> None:
    """What is set aside elsewhere has to travel; what is not wanted there need not.

    A copy that was returned where it does not belong stays as long as it is set aside,
    and goes home when it no longer is, whichever of the two was heard of first.
    """
    before = {
        (row["copy"], name): None
        for name, row in stored.items()
        if row["state"] == HoldState.ON_ITS_WAY
    }
    after = {
        (hold.copy, hold.fact.fact_id): hold.fact.site_id
        for hold in holds
        if hold.state is HoldState.ON_ITS_WAY
    }
    for copy, hold_id in before.keys() - after.keys():
        unwant(work, copy, hold_id)
    for (copy, hold_id), site_id in after.items():
        if (copy, hold_id) not in before and work.site(site_id) and work.item(copy):
            want(work, copy, Wish(site_id, Reason.HOLD, hold_id), now)
    kept = {hold.copy for hold in holds if hold.state in SET_ASIDE}
    kept_before = {row["copy"] for row in stored.values() if row["state"] in SET_ASIDE}
    for copy in sorted(kept ^ kept_before):
        review(work, copy, shelf.handled(work, copy))
