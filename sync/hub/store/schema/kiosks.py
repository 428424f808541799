"""Devices, what they sent, and what their clocks said."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from sync.hub.store.schema.base import UtcTime, metadata

devices = Table(
    "devices",
    metadata,
    Column("kiosk_id", Text, primary_key=True),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("public_key", Text, nullable=False, unique=True),
    Column("box_key", Text, nullable=False, server_default=""),  # X25519, hex
    Column("hostname", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("enrolled_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime),
    Column("heartbeat", Text),  # JSON of the last one
    Column("heads", Text, nullable=False, server_default="[]"),  # `sync.hub.cards`
    Column("why_revoked", Text, nullable=False, server_default=""),
)

enrol_codes = Table(
    "enrol_codes",
    metadata,
    Column("code_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("kiosk_id", Text),  # who used it
    Column("for_kiosk", Text),  # the name that the device had before
    CheckConstraint("tries_left >= 0", name="tries"),
)

events = Table(
    "events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("kiosk_id", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("refers_to", Text, index=True),
    Column("body", Text, nullable=False),  # JSON as received
    Column("received_at", UtcTime, nullable=False, index=True),
    Column("verdict", Text),  # JSON
    Column("fingerprint", Text),  # of the body as received, once that is forgotten
    UniqueConstraint("kiosk_id", "epoch", "seq"),
)

#: Where else an event stands that its kiosk recorded anew.
event_copies = Table(
    "event_copies",
    metadata,
    Column("kiosk_id", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
)

#: Events of a revoked device: kept unjudged until staff admit them.
quarantine = Table(
    "quarantine",
    metadata,
    Column("kiosk_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("epoch", Text, nullable=False, server_default=""),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("hash", Text, nullable=False, server_default=""),
    Column("prev_hash", Text, nullable=False, server_default=""),
    Column("admitted_at", UtcTime),
)

#: Every event up to `seq` is here; `highest_seq` is beyond it where there is a gap,
#: and `gap_since` says since when.
kiosk_heads = Table(
    "kiosk_heads",
    metadata,
    Column("kiosk_id", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("highest_seq", BigInteger, nullable=False),
    Column("gap_since", UtcTime),
    Column("changed_at", UtcTime, nullable=False),
)

#: Where a boot stands among the events of an epoch, how long it ran at least, and
#: the tightest bound that an arrival gives; see `succession.Span`.
boots = Table(
    "boots",
    metadata,
    Column("kiosk_id", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("boot_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("arrived_wall", UtcTime),
    Column("arrived_ns", BigInteger),
    Index(None, "kiosk_id", "boot_id"),
    Index(None, "kiosk_id", "epoch", "place", "boot_id"),
)

#: What ties the counting clock of a boot to true time, one row a stretch of it; see
#: `intervals.Bracket`. `witness`: the hub at a contact, or an event that was in step.
clock_pairs = Table(
    "clock_pairs",
    metadata,
    Column("kiosk_id", Text, primary_key=True),
    Column("boot_id", Text, primary_key=True),
    Column("witness", Text, primary_key=True),
    Column("stretch", BigInteger, primary_key=True, autoincrement=False),
    Column("low_wall", UtcTime, nullable=False),
    Column("low_ns", BigInteger, nullable=False),
    Column("high_wall", UtcTime, nullable=False),
    Column("high_ns", BigInteger, nullable=False),
)
