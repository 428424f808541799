"""Copies that are set aside for a reader elsewhere: on the list of those to be sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sync.hub.circulation.hold_values import Hold, HoldState, SetDown, staff_place
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store.rows import Row
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


def tell_transfers(
    work: UnitOfWork,
    holds: Sequence[Hold],
    stored: Mapping[str, Row],
    now: dt.datetime,
) -> None:
    """What is set aside elsewhere has to travel; what is not wanted there need not."""
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
