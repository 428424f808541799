"""What kiosks are told, and what the hub remembers of itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from sync.hub.store.schema.base import UtcTime, metadata

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
