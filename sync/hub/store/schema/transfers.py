"""Copies on their way from site to site, and the boxes they travel in."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Table, Text

from sync.hub.store.schema.base import UtcTime, metadata

#: A copy that should be, is or was on its way; see `transfers/lines.py`.
transfers = Table(
    "transfers",
    metadata,
    Column("transfer_id", Text, primary_key=True),
    Column("item", Text, nullable=False, index=True),
    Column("from_site", Text, nullable=False),
    Column("to_site", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("because", Text, nullable=False),  # a fact, a hold or a box; or nothing
    Column("opened_at", UtcTime, nullable=False),
    Column("opened_by", Text, nullable=False),  # empty: the hub itself
    Column("sent_at", UtcTime),
    Column("sent_by", Text, nullable=False),
    Column("received_at", UtcTime),
    Column("received_by", Text, nullable=False),
    Column("state", Text, nullable=False),  # follows from the above and the facts
    Column("ended_at", UtcTime),
    Column("ended_by", Text, nullable=False),  # the fact that ended it; or nothing
    Index(None, "state", "from_site"),
    Index(None, "state", "to_site"),
)

boxes = Table(
    "boxes",
    metadata,
    Column("box_id", Text, primary_key=True),  # as it stands on it: BX0007
    Column("home_site", Text, nullable=False),
    Column("destination", Text, nullable=False),  # empty: not decided
    Column("state", Text, nullable=False),
    Column("since", UtcTime, nullable=False),  # of the state
    Column("back_by", Date),
)

#: Which box a copy belongs to; `missing_at`: it was looked for in vain, and when.
box_items = Table(
    "box_items",
    metadata,
    Column("item", Text, primary_key=True),
    Column("box_id", Text, nullable=False, index=True),
    Column("packed_at", UtcTime, nullable=False),
    Column("missing_at", UtcTime),
)
