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
    inspect,
    select,
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

holds = Table(
    "hold",
    metadata,
    Column("hold_id", String, primary_key=True),
    Column("title_id", String, nullable=False, index=True),
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
    Column("feed_run", String, nullable=False, server_default=""),
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

#: Runs of the hub that gave the versions this mirror holds; see `FeedRun`.
feed_runs = Table(
    "feed_run",
    metadata,
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("run", String, nullable=False),
)

#: One row. `run` gave the version `cursor`. `synced_at`, `hub_time`: the hub's clock at
#: the last complete pull and at the last answer; `boot_id` and `boottime_ns` are our own
#: at that answer. `epoch`: the ledger's newest, empty until the agent has named it.
feed = Table(
    "feed",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("cursor", Integer, nullable=False),
    Column("run", String, nullable=False, server_default=""),
    Column("epoch", String, nullable=False),
    Column("synced_at", String),
    Column("hub_time", String),
    Column("boot_id", String),
    Column("boottime_ns", Integer),
)

#: At most one row: the hub's clock at its newest word here, which may have come on a
#: stick and be days old; `feed.hub_time` is for words that came at once.
told = Table(
    "told",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("told_at", String, nullable=False),
)

#: What a change of the feed is called on the wire → the table it changes.
KEPT: Mapping[str, Table] = {
    "patron": patrons,
    "credential": credentials,
    "title": titles,
    "item": items,
    "loan": loans,
    "hold": holds,
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


def _version_3(connection: Connection) -> None:
    """Version 2 had no told; what it holds was told at its hub_time, if ever."""
    metadata.create_all(connection, [told])
    known = select(feed.c.id, feed.c.hub_time).where(feed.c.hub_time.is_not(None))
    connection.execute(told.insert().from_select(["id", "told_at"], known))
    connection.exec_driver_sql("PRAGMA user_version = 3")


def _version_4(connection: Connection) -> None:
    """Version 3 knew no runs: the hub takes its cursor for one of another history."""
    metadata.create_all(connection, [feed_runs])
    for table, name in (("feed", "run"), ("verdict", "feed_run")):
        known = {column["name"] for column in inspect(connection).get_columns(table)}
        if name not in known:
            connection.exec_driver_sql(
                f"ALTER TABLE {table} ADD COLUMN {name} VARCHAR DEFAULT '' NOT NULL"
            )
    connection.exec_driver_sql("PRAGMA user_version = 4")


def _version_5(connection: Connection) -> None:
    """Version 4 passed over holds: all is pulled once more, over what is there."""
    metadata.create_all(connection, [holds])
    connection.execute(feed.update().values(cursor=0, run=""))
    connection.exec_driver_sql("PRAGMA user_version = 5")


def _version_6(connection: Connection) -> None:
    """Version 5 found no hold by its reader: all are pulled once more."""
    holds.drop(connection)
    metadata.create_all(connection, [holds])
    connection.execute(feed.update().values(cursor=0, run=""))
    connection.exec_driver_sql("PRAGMA user_version = 6")


UPGRADES: tuple[Upgrade, ...] = (
    _version_1,
    _version_2,
    _version_3,
    _version_4,
    _version_5,
    _version_6,
)
