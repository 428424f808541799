"""The tables of `ledger.db`."""

from __future__ import annotations

import enum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    cast,
)

from kiosk.store.engine import Upgrade

#: A loan changes one small row in each of five B-trees. Small pages keep that at
#: about 10 kB written; with SQLite's default of 4096 it would be 25 kB.
PAGE_BYTES = 512

#: `synchronous=FULL`: in WAL mode anything less forgets commits at a power cut.
#: The checkpoint comes every 4000 pages (2 MB), so that its three syncs do not count.
#: A new connection empties the WAL: after a failed sync no later commit may rest on
#: a part of it that never reached the medium.
PRAGMAS = (
    "PRAGMA page_size = 512",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA wal_checkpoint(TRUNCATE)",
)


class Reason(enum.StrEnum):
    """Why an epoch began."""

    CREATED = "created"
    SALVAGED = "salvaged"
    WAL_LOST = "wal_lost"
    BEHIND_HUB = "behind_hub"
    OTHER_KIOSK = "other_kiosk"


metadata = MetaData()

#: Events are numbered through all epochs: number = before + seq. `whole` is 0 for an
#: epoch that was salvaged and may lack events.
epochs = Table(
    "epoch",
    metadata,
    Column("ordinal", Integer, primary_key=True),
    Column("epoch", String, nullable=False, unique=True),
    Column("kiosk_id", String, nullable=False),
    Column("before", Integer, nullable=False),
    Column("whole", Integer, nullable=False),
    Column("reason", String, nullable=False),
)

#: `body` is `sync.protocol.canonical(event)`, `hash` its SHA-256. They are the last
#: two columns in this order, by which `kiosk.store.salvage` knows an event's row.
events = Table(
    "event",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: An event's last two columns, as bytes even where somebody stored a text.
STORED = (
    cast(events.c.hash, LargeBinary).label("hash"),
    cast(events.c.body, LargeBinary).label("body"),
)

#: Whom and what an event is about. A table that only grows at its end costs one
#: page a loan; two indexes would cost two random ones. It is read from the last
#: settled event on, so the scan is short.
subjects = Table(
    "subject",
    metadata,
    Column(
        "number", ForeignKey(events.c.number), primary_key=True, autoincrement=False
    ),
    Column("item", String),
    Column("patron_ref", String),
)

open_asks = Table(
    "open_ask",
    metadata,
    Column(
        "number", ForeignKey(events.c.number), primary_key=True, autoincrement=False
    ),
)

#: `since`: the event with which the desired state was set.
tag_states = Table(
    "tag",
    metadata,
    Column("uid", String, primary_key=True),
    Column("item", String, nullable=False),
    Column("desired", String, nullable=False),
    Column("seen", String),
    Column("since", Integer, nullable=False),
    sqlite_with_rowid=False,
)

#: One row. `in_use` is 1 from opening to a clean close; `openings` counts.
state = Table(
    "state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("receipts", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("in_use", Integer, nullable=False),
)


def _version_1(connection: Connection) -> None:
    metadata.create_all(connection)
    connection.execute(state.insert().values(id=1, receipts=0, openings=0, in_use=0))
    connection.exec_driver_sql("PRAGMA user_version = 1")


UPGRADES: tuple[Upgrade, ...] = (_version_1,)
