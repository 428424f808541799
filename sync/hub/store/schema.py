"""The hub's tables, the same on SQLite and on PostgreSQL.

Text ids, calendar dates and UTC times; JSON is kept as text, since it is stored
and handed out but never searched in.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[dt.datetime]):
    """An aware time in, an aware UTC time out, to the microsecond, on any database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002  (SQLAlchemy's signature)
    ) -> dt.datetime | None:
        return value and value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002  (SQLAlchemy's signature)
    ) -> dt.datetime | None:
        return value and value.replace(tzinfo=dt.UTC)


# --- the county: places, people, books -------------------------------------------

sites = Table(
    "sites",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("short_name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("parent", Text),
    Column("isil", Text, nullable=False),
    Column("keeper", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("opens", Text, nullable=False),
    Column("closes", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text, nullable=False),  # werkzeug's scrypt string
    Column("role", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

patrons = Table(
    "patrons",
    metadata,
    Column("patron_ref", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("patron_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_on", Date),
    Column("birth_year", Integer),
    Column("phone", Text, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("patron_ref", ForeignKey("patrons.patron_ref"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False, unique=True),  # normalised, never leaves
)

titles = Table(
    "titles",
    metadata,
    Column("title_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("year", Text, nullable=False),
    Column("isbn", Text, nullable=False, index=True),
    Column("clc", Text, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("barcode", Text, primary_key=True),
    Column("title_id", Text, nullable=False, index=True),
    Column("item_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("home_site", Text, nullable=False),
    Column("current_site", Text, nullable=False),
    Column("adult_only", Boolean, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("tag_uid", Text, nullable=False, server_default=""),
)

# --- circulation -----------------------------------------------------------------

#: What happened to an item, one row per loan, return, renewal or hold, as recorded;
#: `loans`, `holds` and most cases are what follows from all of them.
facts = Table(
    "facts",
    metadata,
    Column("fact_id", Text, primary_key=True),  # the event_id of the loan, return …
    Column("item", Text, nullable=False, index=True),
    Column("move", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("recorded_clock", Text, nullable=False),
    Column("at", UtcTime, nullable=False),  # corrected
    Column("earliest", UtcTime, nullable=False),
    Column("latest", UtcTime, nullable=False),
    Column("clock", Text, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("monotonic_ns", BigInteger, nullable=False),
    Column("kiosk_id", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("site_id", Text, nullable=False),
    Column("patron_ref", Text, nullable=False, index=True),
    Column("loan_ref", Text, nullable=False),
    Column("title_id", Text, nullable=False, index=True),  # of a hold, else empty
    Column("promised", Date),
    Column("withdrawn", Boolean, nullable=False),
    Column("believed", Boolean, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("records", Text, nullable=False),  # JSON: what the county knew
    Index(None, "kiosk_id", "boot_id"),
)

loans = Table(
    "loans",
    metadata,
    Column("loan_id", Text, primary_key=True),  # the fact that began it
    Column("loan_ref", Text, nullable=False, index=True),
    Column("item", Text, nullable=False, index=True),
    Column("patron_ref", Text, nullable=False, index=True),
    Column("loaned_at", UtcTime, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("renewed", Integer, nullable=False),
    Column("loan_site", Text, nullable=False),
    Column("returned_at", UtcTime),
    Column("return_site", Text),
    Column("closed_by", Text),  # the fact that ended it
    Column("how_closed", Text),
)

#: Who waits for a copy of a title, or for one copy; given-up holds are not here.
holds = Table(
    "holds",
    metadata,
    Column("hold_id", Text, primary_key=True),  # the fact that placed it
    Column("title_id", Text, nullable=False, index=True),
    Column("item", Text, nullable=False),  # empty if any copy will do
    Column("patron_ref", Text, nullable=False, index=True),
    Column("site_id", Text, nullable=False),  # where the reader fetches it
    Column("placed_at", UtcTime, nullable=False),
    Column("filled_by", Text),  # the fact of the loan that ended it
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("item", Text, index=True),
    Column("patron_ref", Text),
    Column("event_id", Text, nullable=False),
    Column("kiosk_id", Text, nullable=False),
    Column("sides", Text, nullable=False),  # JSON
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_by", Text),
    Column("note", Text, nullable=False),
)

# --- what kiosks sent --------------------------------------------------------------

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

# --- what kiosks are told ------------------------------------------------------------

rules = Table(
    "rules",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),  # JSON of SignedRules
    Column("created_at", UtcTime, nullable=False),
)

#: The newest version of each thing that kiosks mirror.
feed = Table(
    "feed",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, unique=True),
)

#: One row. Its lock is what lets only one transaction write at a time.
feed_clock = Table(
    "feed_clock",
    metadata,
    Column("clock_id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)

#: Which run of the hub gave the versions from `first_version` on; see `feedruns.py`.
feed_runs = Table(
    "feed_runs",
    metadata,
    Column("first_version", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
