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
    false,
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
    Column("kind", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False, server_default="open"),
    Column("profile", Text, nullable=False, server_default="{}"),  # JSON
    Column("calendar", Text),  # JSON; NULL for that of the site above
)

#: Where a site belonged and what state it was in until it changed.
site_history = Table(
    "site_history",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("until", UtcTime, primary_key=True),
    Column("parent", Text),
    Column("state", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text, nullable=False),  # see `county/passwords.py`
    Column("role", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("site_id", ForeignKey("sites.site_id")),  # NULL for the whole county
    Column("disabled", Boolean, nullable=False, server_default=false()),
)

#: Wrong passwords by account, by address and by both, see `desk/guard.py`.
login_tries = Table(
    "login_tries",
    metadata,
    Column("key", Text, primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("closed_until", UtcTime, nullable=False),
)

#: Where an account was used from; nobody elsewhere can close it for this place.
login_places = Table(
    "login_places",
    metadata,
    Column("name", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("last_at", UtcTime, nullable=False),
)

#: Who changed what; only ever added to, see `county/audit.py`.
audit_log = Table(
    "audit_log",
    metadata,
    Column("entry", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False, index=True),
    Column("origin", Text, nullable=False),  # an address, or "command"
    Column("what", Text, nullable=False),
    Column("about", Text, nullable=False, index=True),  # like site:0417
    Column("before", Text, nullable=False),  # JSON
    Column("after", Text, nullable=False),  # JSON
    Column("reason", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
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
    Column("home_site", Text, nullable=False, server_default=""),
    Column("guardian", Text, index=True),  # patron_ref of who answers for them
    Column("loan_limit", Integer),  # in place of that of the type
    Column("why", Text, nullable=False, server_default=""),  # of the state, for staff
)

credentials = Table(
    "credentials",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("patron_ref", ForeignKey("patrons.patron_ref"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False, unique=True),  # normalised, never leaves
    Column("state", Text, nullable=False, server_default="active"),
    Column("since", UtcTime),  # of the state; NULL: from the beginning
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

#: What a set consists of; `items.parts` counts those that are not missing.
item_parts = Table(
    "item_parts",
    metadata,
    Column("barcode", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("name", Text, nullable=False),
    Column("missing", Boolean, nullable=False),
)

#: Which titles and patrons a word leads to; see `county/search_terms.py`.
search_terms = Table(
    "search_terms",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("term", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# --- what was imported --------------------------------------------------------------

import_runs = Table(
    "import_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("file", Text, nullable=False),  # its name only
    Column("started_by", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),  # None: still at work, or killed
    Column("report", Text, nullable=False),  # JSON figures
    Column("undone_at", UtcTime),
)

#: What a run made or changed and what has not been undone; see `importers/journal.py`.
import_changes = Table(
    "import_changes",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("before", Text, nullable=False),  # JSON of what was overwritten; empty: made
    Column("after", Text, nullable=False),  # fingerprint of what was written
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
    Column("ruling", Text),  # JSON: what staff have ruled, see `rulings.py`
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
    Column("state", Text, nullable=False),
    Column("item", Text, index=True),
    Column("patron_ref", Text),
    Column("event_id", Text, nullable=False),
    Column("kiosk_id", Text, nullable=False),
    Column("sides", Text, nullable=False),  # JSON
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_by", Text),
    Column("note", Text, nullable=False),
    Column("site_id", Text),
    Column("came_back_at", UtcTime),  # opened again after it was closed
    Column("steps", Integer, nullable=False, server_default="0"),  # in `case_steps`
    Index(None, "state", "severity", "opened_at", "case_id"),
    Index(None, "severity", "opened_at", "case_id"),
)

#: What became of a case since it was opened, step by step.
case_steps = Table(
    "case_steps",
    metadata,
    Column("step_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("number", Integer, nullable=False),  # 1, 2, 3 …
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),  # empty: the hub itself
    Column("what", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("effect", Text, nullable=False),  # JSON: what an undo takes back
)

#: What the county's own library system has to learn: one row per fact, for ever.
library_tasks = Table(
    "library_tasks",
    metadata,
    Column("fact_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("queued_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),  # times that bytes may have left
    Column("sent_at", UtcTime),  # the last of them
    Column("due_before", Date),  # as the library system had it just before that
    Column("due_on", Date),  # as it has it now
    Column("finished_at", UtcTime),
    Column("note", Text, nullable=False),  # why not done, or not told
    Index(None, "state", "queued_at"),
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
