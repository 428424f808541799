"""The work that must be whole after a power cut at any of its writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from kiosk.identity import load_identity
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import UPGRADES
from sync.hub.migrations.steps import step_up
from sync.hub.store.database import Database
from sync.hub.store.schema import metadata
from sync.keys import key_path, load_key, public_hex
from tests.integration.scripted_hub import ScriptedHub
from tests.integration.store_samples import KIOSK, record_facts
from tests.powercut import enroller, hub_opener, opener

EVENTS = 120
_CODE = "ABCD-EFGH"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """A ledger is made where there is none."""

    module: ModuleType = opener
    words: tuple[object, ...] = ("this",)

    def prepare(self, root: Path) -> None:
        """There is nothing yet."""

    def check(self, root: Path) -> None:
        with closing(SqliteLedger(root / "ledger.db", KIOSK)) as ledger:
            assert ledger.opening.fault is None
            assert ledger.first_break() is None
            assert record_facts(ledger, 1, 1)[0].seq == 1
        assert _names(root) == {"ledger.db", "ledger.lock"}


@dataclass(frozen=True, slots=True)
class Salvaging:
    """A damaged ledger is set aside, and what can be read of it goes on."""

    module: ModuleType = opener
    words: tuple[object, ...] = ("this",)

    def prepare(self, root: Path) -> None:
        _make_ledger(root)
        with (root / "ledger.db").open("r+b") as file:
            file.write(b"\xa5" * 100)

    def check(self, root: Path) -> None:
        assert _names(root) == {"ledger.db", "ledger.lock", "ledger.damaged-1.db"}
        assert _facts(root) == _all_facts()


@dataclass(frozen=True, slots=True)
class LedgerUpgrade:
    """The next version's program opens this version's ledger."""

    module: ModuleType = opener
    words: tuple[object, ...] = ("next",)

    def prepare(self, root: Path) -> None:
        _make_ledger(root)

    def check(self, root: Path) -> None:
        with closing(sqlite3.connect(root / "ledger.db")) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (copied,) = connection.execute("SELECT count(*) FROM upgraded").fetchone()
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        assert (version, copied, verdict) == (len(UPGRADES) + 1, EVENTS, "ok")


@dataclass(frozen=True, slots=True)
class HubUpgrade:
    """The hub's database of the first version is brought to this one's schema."""

    module: ModuleType = hub_opener
    words: tuple[object, ...] = ()

    def prepare(self, root: Path) -> None:
        with closing(_hub_database(root)) as database:
            with database.engine.begin() as connection:
                step_up(connection, "0001")
            with database.engine.begin() as connection:
                connection.execute(text("INSERT INTO settings VALUES ('name', 'v')"))

    def check(self, root: Path) -> None:
        with closing(_hub_database(root)) as database, database.reading() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            kept = conn.execute(text("SELECT value FROM settings")).scalars().all()
        assert kept == ["v"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new device makes its key, spends its code and keeps who it is."""

    hub: ScriptedHub
    module: ModuleType = enroller

    @property
    def words(self) -> tuple[object, ...]:
        return (self.hub.url, _CODE)

    def prepare(self, _root: Path) -> None:
        """A new device, and a new code."""
        self.hub.codes[_CODE] = None
        self.hub.keys.clear()

    def check(self, root: Path) -> None:
        # The hub gives a code to one key only: another one would have been refused.
        key = public_hex(load_key(key_path(root)))
        assert self.hub.codes[_CODE] == key
        assert self.hub.keys == {KIOSK: key}
        identity = load_identity(root)
        assert identity is not None
        assert identity.kiosk_id == KIOSK


@contextmanager
def enrolment() -> Iterator[Enrolment]:
    with ScriptedHub({}) as hub:
        yield Enrolment(hub)


def _make_ledger(root: Path) -> None:
    with closing(SqliteLedger(root / "ledger.db", KIOSK)) as ledger:
        record_facts(ledger, 1, EVENTS)


def _all_facts() -> list[str]:
    return sorted(f"fact-{number}" for number in range(1, EVENTS + 1))


def _facts(root: Path) -> list[str]:
    reader = LedgerReader(root / "ledger.db")
    return sorted(
        event.event_id
        for epoch in reader.epochs()
        for event in reader.events_after(epoch, 0, EVENTS + 1)
    )


def _hub_database(root: Path) -> Database:
    return Database(f"sqlite:///{root / 'hub.db'}")


def _names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()} - {"lost+found"}
