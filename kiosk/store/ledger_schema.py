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
#: a part of it that never reached the medium. What is temporary is not the card's.
PRAGMAS = (
    "PRAGMA page_size = 512",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA temp_store = MEMORY",
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

#: `event_id` is unique: of an event that was recorded anew (`kiosk.store.renewal`)
#: the epoch stands behind it. `body` is `sync.protocol.canonical(event)`, `hash` its
#: SHA-256. They are the last two columns in this order, by which
#: `kiosk.store.salvage` knows an event's row.
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
#: page a loan; two indexes would cost two random ones. They are kept in memory
#: (`kiosk.store.recent_subjects`), from the last settled event on.
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

#: Events that were recorded anew in a later epoch; these originals go nowhere.
renewed = Table(
    "renewed",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
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

#: Items that were dealt with by their barcode alone; their tags are still to be found.
#: `since` as for a tag.
wishes = Table(
    "wish",
    metadata,
    Column("item", String, primary_key=True),
    Column("desired", String, nullable=False),
    Column("since", Integer, nullable=False),
    sqlite_with_rowid=False,
)

#: Wishes that were dropped because too many waited: nobody looks for these tags any
#: more, so a keeper has to.
given_up = Table(
    "given_up",
    metadata,
    Column("item", String, primary_key=True),
    Column("desired", String, nullable=False),
    Column("since", Integer, nullable=False),
    sqlite_with_rowid=False,
)

#: What retention removed of an epoch: everything up to `seq`, whose hash was `hash`.
#: The chain of what is left starts there.
trimmed = Table(
    "trimmed",
    metadata,
    Column(
        "ordinal", ForeignKey(epochs.c.ordinal), primary_key=True, autoincrement=False
    ),
    Column("seq", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

#: Receipts and openings are fewer than this; more is no count of them any more.
MAX_COUNT = 2**53

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


def _version_2(connection: Connection) -> None:
    """Version 1 removed no events; a ledger that is made new has the table already."""
    metadata.create_all(connection, [trimmed])
    connection.exec_driver_sql("PRAGMA user_version = 2")


def _version_3(connection: Connection) -> None:
    """Version 2 recorded nothing anew."""
    metadata.create_all(connection, [renewed])
    connection.exec_driver_sql("PRAGMA user_version = 3")


def _version_4(connection: Connection) -> None:
    """Version 3 wished nothing of tags that it had not seen."""
    metadata.create_all(connection, [wishes])
    connection.exec_driver_sql("PRAGMA user_version = 4")


def _version_5(connection: Connection) -> None:
    """Version 4 told only the log which wishes it dropped."""
    metadata.create_all(connection, [given_up])
    connection.exec_driver_sql("PRAGMA user_version = 5")


UPGRADES: tuple[Upgrade, ...] = (
    _version_1,
    _version_2,
    _version_3,
    _version_4,
    _version_5,
)
#: From this version on there is the table of what was removed.
TRIMMED_SINCE = 2
