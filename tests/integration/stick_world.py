"""A point that no network reaches, its county, and the stick that goes between them."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.identity import Identity, save_identity
from kiosk.service.ports import Draft
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from sync.hub.devices.enrolment import make_code, redeem
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.keys import box_hex, key_path, load_or_make_key, public_hex
from sync.protocol import Event, Kind, Verdict
from tests.integration.hub_world import County, fresh_hub, furnish

__all__ = ["Point", "Town", "town", "town_in"]


@dataclass
class Point:
    """A kiosk's data folder with a real ledger, enrolled at the county."""

    folder: Path
    kiosk_id: str
    recorded: list[Event] = field(default_factory=list)

    def lends(self, item: str, patron_ref: str) -> Event:
        day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date()
        return self._record(
            Kind.CHECKOUT,
            item,
            patron_ref=patron_ref,
            loan_ref=f"loan-{uuid.uuid4()}",
            payload={"due_on": day.isoformat(), "by": "rfid"},
        )

    def takes_back(self, item: str) -> Event:
        return self._record(Kind.CHECKIN, item)

    def busy(self, count: int) -> None:
        """Many returns of different books in one transaction."""
        drafts = [_draft(Kind.CHECKIN, f"X{number}") for number in range(count)]
        self._keep(drafts)

    def mirror(self) -> MirrorReader:
        return MirrorReader(self.folder / "mirror.db")

    def verdicts(self) -> dict[str, Verdict]:
        names = [event.event_id for event in self.recorded]
        return dict(self.mirror().verdicts(names))

    def pending(self) -> int:
        status = self.run("status")
        return int(json.loads(status.stdout)["pending"])

    def run(self, *words: str) -> Result:
        arguments = ["queue", *words, "--data", str(self.folder), "--json"]
        return CliRunner().invoke(main, arguments)

    def exports(self, stick: Path) -> Path:
        done = self.run("export", str(stick), "--same-disk")
        assert done.exit_code == 0, done.output
        return Path(json.loads(done.stdout)["file"])

    def imports(self, *paths: Path) -> list[dict[str, Any]]:
        done = self.run("import", *map(str, paths))
        assert done.exit_code == 0, done.output
        return lines(done)

    def _record(self, kind: Kind, item: str, **fields: Any) -> Event:
        return self._keep([_draft(kind, item, **fields)])[0]

    def _keep(self, drafts: list[Draft]) -> tuple[Event, ...]:
        path = self.folder / "ledger.db"
        with closing(SqliteLedger(path, self.kiosk_id)) as ledger:
            events = ledger.record(drafts, SystemClock().now())
        self.recorded += events
        return events


@dataclass
class Town:
    """The county on a database of its own, and its points."""

    county: County
    url: str
    folder: Path
    stick: Path

    @property
    def hub(self) -> Hub:
        return self.county.hub

    def point(self, name: str = "point") -> Point:
        """A new point at A."""
        folder = self.folder / name
        folder.mkdir()
        key, now = load_or_make_key(key_path(folder)), dt.datetime.now(dt.UTC)
        with self.hub.database.writing() as conn:
            code = make_code(conn, "A", now)
            made = redeem(conn, code, public_hex(key), box_hex(key), "pi", now)
        assert made is not None
        hub_keys = public_hex(self.hub.key), box_hex(self.hub.key)
        save_identity(folder, Identity(made.kiosk_id, "A", *hub_keys))
        SqliteLedger(folder / "ledger.db", made.kiosk_id).close()
        return Point(folder, made.kiosk_id)

    def run(self, *words: str) -> Result:
        runner = CliRunner(env={"TONGJIE_HUB_DATABASE": self.url})
        return runner.invoke(main, ["hub", "stick", *words, "--json"])

    def imports(self, *paths: Path, answer: bool = True) -> list[dict[str, Any]]:
        done = self.run("import", *map(str, paths), *(["--answer"] * answer))
        assert done.exit_code == 0, done.output
        return lines(done)

    def events(self) -> set[str]:
        with self.hub.database.reading() as conn:
            return set(conn.execute(select(schema.events.c.event_id)).scalars())

    def state(self) -> dict[str, object]:
        """What the county believes, whatever the way by which it learnt it."""
        loans = [
            (loan["item"], loan["patron_ref"], loan["loan_ref"], loan["closed_by"])
            for loan in self.county.loans()
        ]
        return {
            "events": sorted(self.events()),
            "loans": sorted(loans, key=str),
            "cases": self.county.cases(),
        }


@contextmanager
def town_in(folder: Path) -> Iterator[Town]:
    url = f"sqlite:///{folder / 'hub.db'}"
    stick = folder / "stick"
    stick.mkdir()
    with fresh_hub(url, folder) as hub:
        yield Town(furnish(hub), url, folder, stick)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_in(tmp_path) as made:
        yield made


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def _draft(kind: Kind, item: str, **fields: Any) -> Draft:
    return Draft(event_id=str(uuid.uuid4()), kind=kind, item=item, **fields)
