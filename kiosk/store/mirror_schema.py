"""The tables of `mirror.db`. A `body` is the JSON of the value as the hub sent it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from kiosk.store.engine import Upgrade

#: NORMAL: a power cut may take the last pages pulled, never a part of one; the
#: cursor goes back with them and the agent pulls them again.
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
)

metadata = MetaData()

patrons = Table(
    "patron",
    metadata,
    Column("patron_ref", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

credentials = Table(
    "credential",
    metadata,
    Column("digest", String, primary_key=True),
    Column("patron_ref", String, nullable=False),
    sqlite_with_rowid=False,
)

titles = Table(
    "title",
    metadata,
    Column("title_id", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

items = Table(
    "item",
    metadata,
    Column("barcode", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: Copies that are known by the UID of a tag that says nothing itself.
item_tags = Table(
    "item_tag",
    metadata,
    Column("tag_uid", String, primary_key=True),
    Column("item", String, nullable=False, index=True),
    sqlite_with_rowid=False,
)

loans = Table(
    "loan",
    metadata,
    Column("loan_ref", String, primary_key=True),
    Column("item", String, nullable=False, index=True),
    Column("patron_ref", String, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

sites = Table(
    "site",
    metadata,
    Column("site_id", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: `body` is the whole `sync.protocol.SignedRules`. The newest version counts.
rules = Table(
    "rules",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

verdicts = Table(
    "verdict",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("epoch", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("feed_version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("verdict_in_order", "epoch", "seq"),
)

#: How far each epoch of the ledger is known at the hub, and visible in this mirror.
progress = Table(
    "progress",
    metadata,
    Column("ordinal", Integer, primary_key=True),
    Column("epoch", String, nullable=False, unique=True),
    Column("acked_seq", Integer, nullable=False),
    Column("acked_hash", String, nullable=False),
    Column("settled_seq", Integer, nullable=False),
)

#: One row. `synced_at`, `hub_time`: the hub's clock at the last complete pull and at
#: the last answer; `boot_id` and `boottime_ns` are our own at that answer. `epoch`:
#: the ledger's newest one, empty until the agent has named it.
feed = Table(
    "feed",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("cursor", Integer, nullable=False),
    Column("epoch", String, nullable=False),
    Column("synced_at", String),
    Column("hub_time", String),
    Column("boot_id", String),
    Column("boottime_ns", Integer),
)

#: What a change of the feed is called on the wire → the table it changes.
KEPT: Mapping[str, Table] = {
    "patron": patrons,
    "credential": credentials,
    "title": titles,
    "item": items,
    "loan": loans,
    "site": sites,
}


def _version_1(connection: Connection) -> None:
    metadata.create_all(connection)
    connection.execute(feed.insert().values(id=1, cursor=0, epoch=""))
    connection.exec_driver_sql("PRAGMA user_version = 1")


def _version_2(connection: Connection) -> None:
    """Version 1 had no item_tag; one that is made new has it already."""
    metadata.create_all(connection, [item_tags])
    connection.exec_driver_sql("PRAGMA user_version = 2")


UPGRADES: tuple[Upgrade, ...] = (_version_1, _version_2)
