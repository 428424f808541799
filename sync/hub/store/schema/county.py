"""Places, people, accounts and books, and what was imported of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    false,
)

from sync.hub.store.schema.base import UtcTime, metadata

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
    # Chosen by somebody else: nothing opens before the user has changed it.
    Column("one_time", Boolean, nullable=False, server_default=false()),
)

#: Wrong passwords by account, by address and by both, see `county/login_guard.py`.
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
    Column("home_site", Text, nullable=False, index=True),
    Column("current_site", Text, nullable=False),
    Column("adult_only", Boolean, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("tag_uid", Text, nullable=False, server_default=""),
)
#: Few copies are away from home, and they are what a van looks for.
_AWAY = items.c.current_site != items.c.home_site
Index("ix_items_away", items.c.current_site, sqlite_where=_AWAY, postgresql_where=_AWAY)

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
