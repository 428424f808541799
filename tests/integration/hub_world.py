"""A small county on a database of its own, and kiosks that write chained events."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select

from kiosk.domain.values import Item, ItemState, Patron, Site, Title
from sync.hub.county import catalogue, patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.feed import feed
from sync.hub.feed.feedmarks import version
from sync.hub.intake.ingest import Ingested, Sender, ingest
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.setup import Hub, init_hub
from sync.protocol import (
    GENESIS_HASH,
    Batch,
    Change,
    Clock,
    Event,
    Kind,
    Mode,
    Sent,
    Verdict,
    chain_hash,
)
from tests.postgres import Postgres

NOON = dt.datetime(2026, 7, 3, 4, 0, tzinfo=dt.UTC)  # 12:00 in the county
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
BACKENDS = ("sqlite", "postgresql")

SITES = (
    Site("hub", "云岭县图书馆", "县馆", "hub"),
    Site("A", "马坪村借阅点", "马坪村", "point", "hub"),
    Site("B", "上湾村借阅点", "上湾村", "point", "hub"),
)
PATRONS = (
    PatronRecord("R1", "张建华", "ADULT"),
    PatronRecord("R2", "王芳", "ADULT"),
    PatronRecord("R3", "李小明", "TEMPORARY"),
)
ITEMS = tuple(f"YL{number:04d}" for number in range(1, 9))


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database on each backend."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hub.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield url


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    """A new county without sites, patrons or books."""
    with fresh_hub(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def county(hub: Hub) -> County:
    """Three sites, three patrons, eight books, and kiosks k1 at A and k2 at B."""
    return furnish(hub)


@contextmanager
def fresh_hub(url: str, folder: Path) -> Iterator[Hub]:
    database = Database(url)
    yield init_hub(database, folder / "hub.key", "CN-629900-1-YLT", "云岭县", NOON)
    database.close()


@dataclass
class Kiosk:
    """Writes a ledger: numbers without gaps, chained, at the times it is told."""

    kiosk_id: str
    site_id: str
    epoch: str = "e1"
    clock: Clock = Clock.SYNCED
    boot_id: str = "boot-1"
    seq: int = 0
    hash: str = GENESIS_HASH

    def event(self, kind: Kind, at: dt.datetime = NOON, **fields: Any) -> Event:
        self.seq += 1
        plain = Event(
            event_id=f"{self.kiosk_id}-{self.epoch}-{self.seq}",
            kiosk_id=self.kiosk_id,
            epoch=self.epoch,
            seq=self.seq,
            kind=kind,
            occurred_at=at,
            boot_id=self.boot_id,
            monotonic_ns=_counted_ns(at),
            clock=self.clock,
            prev_hash=self.hash,
        )
        draft = msgspec.structs.replace(plain, **fields)
        event = msgspec.structs.replace(draft, hash=chain_hash(draft))
        self.hash = event.hash
        return event

    def lends(
        self, item: str, patron_ref: str, at: dt.datetime = NOON, **fields: Any
    ) -> Event:
        loan_ref = fields.pop("loan_ref", f"loan-{self.kiosk_id}-{self.seq + 1}")
        return self.event(
            Kind.CHECKOUT,
            at,
            item=item,
            patron_ref=patron_ref,
            loan_ref=loan_ref,
            **fields,
        )

    def asks(self, item: str, patron_ref: str, at: dt.datetime = NOON) -> Event:
        return self.lends(item, patron_ref, at, mode=Mode.ASK)

    def closes(
        self, kind: Kind, ask: Event, at: dt.datetime = NOON, **fields: Any
    ) -> Event:
        named = {
            "item": ask.item,
            "patron_ref": ask.patron_ref,
            "loan_ref": ask.loan_ref,
        }
        return self.event(kind, at, refers_to=ask.event_id, **(named | fields))

    def clocks(self, at: dt.datetime) -> Sent:
        """What it says of its clocks when it sends something."""
        return Sent(boot_id=self.boot_id, monotonic_ns=_counted_ns(at), wall=at)

    def takes_back(self, item: str, at: dt.datetime = NOON, **fields: Any) -> Event:
        return self.event(Kind.CHECKIN, at, item=item, **fields)


@dataclass
class County:
    """A furnished hub, addressed without HTTP."""

    hub: Hub
    refs: dict[str, str]
    k1: Kiosk = field(default_factory=lambda: Kiosk("k1", "A"))
    k2: Kiosk = field(default_factory=lambda: Kiosk("k2", "B"))

    def send(self, *events: Event, now: dt.datetime = NOON + 2 * DAY) -> Ingested:
        """Hand over events as their kiosk would, in one batch."""
        return self.send_body(_body(events), events[0].kiosk_id, now)

    def send_body(
        self, body: bytes, kiosk_id: str, now: dt.datetime = NOON + 2 * DAY
    ) -> Ingested:
        site_id = {"k1": "A", "k2": "B"}[kiosk_id]
        with self.hub.database.writing() as conn:
            return ingest(conn, Sender(kiosk_id, site_id), read_batch(body), now)

    def verdict(self, event: Event, now: dt.datetime = NOON + 2 * DAY) -> Verdict:
        (only,) = self.send(event, now=now).verdicts
        return only

    def loans(self) -> list[dict[str, Any]]:
        """All loans, oldest first."""
        return self.rows(schema.loans, "loaned_at")

    def open_loans(self) -> dict[str, str]:
        """Item → patron number."""
        names = {ref: number for number, ref in self.refs.items()}
        return {
            loan["item"]: names.get(loan["patron_ref"], loan["patron_ref"])
            for loan in self.loans()
            if loan["returned_at"] is None
        }

    def cases(self, state: str = "open") -> dict[str, str]:
        """Kind → severity."""
        rows = self.rows(schema.cases, "case_id")
        return {row["kind"]: row["severity"] for row in rows if row["state"] == state}

    def rows(self, table: Any, order: str) -> list[dict[str, Any]]:
        with self.hub.database.reading() as conn:
            rows = conn.execute(select(table).order_by(table.c[order])).mappings()
            return [dict(row) for row in rows]

    def item(self, barcode: str) -> Item | None:
        with self.hub.database.reading() as conn:
            return catalogue.item(conn, barcode)

    def patron(self, number: str) -> Patron | None:
        with self.hub.database.reading() as conn:
            return patrons.patron(conn, self.refs[number])

    def put_patron(self, record: PatronRecord) -> None:
        with self.hub.database.writing() as conn:
            patrons.put_patrons(conn, [record], cheap_digests([record]))

    def feed(
        self, cursor: int = 0, limit: int = 1000, site_id: str = "A"
    ) -> tuple[Change, ...]:
        """What a kiosk at this site is told."""
        with self.hub.database.reading() as conn:
            return feed.page(conn, cursor, limit, NOON, site_id).changes

    def version(self) -> int:
        with self.hub.database.reading() as conn:
            return version(conn)


def furnish(hub: Hub) -> County:
    with hub.database.writing() as conn:
        catalogue.put_sites(conn, SITES)
        catalogue.put_titles(conn, [Title("t1", "围城", "钱锺书")])
        catalogue.put_items(conn, [book(barcode) for barcode in ITEMS])
        patrons.put_patrons(conn, PATRONS, cheap_digests(PATRONS))
        people = schema.patrons.c
        rows = conn.execute(select(people.number, people.patron_ref)).all()
        conn.execute(insert(schema.devices), [_device("k1", "A"), _device("k2", "B")])
    return County(hub, {row.number: row.patron_ref for row in rows})


def cheap_digests(records: Sequence[PatronRecord]) -> dict[str, str]:
    """What stands in for the slow digests where a test is not about them."""
    texts = [text for record in records for text in record.credentials]
    return {text: hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts}


def book(barcode: str, state: ItemState = ItemState.LENDABLE) -> Item:
    """A copy of the county library that belongs at A."""
    return Item(barcode, "t1", "BOOK", state, "CN-629900-1-YLT", "A", "A")


def _device(kiosk_id: str, site_id: str) -> dict[str, object]:
    return {
        "kiosk_id": kiosk_id,
        "site_id": site_id,
        "public_key": f"key of {kiosk_id}",
        "hostname": "",
        "state": "active",
        "enrolled_at": NOON,
    }


def _counted_ns(at: dt.datetime) -> int:
    """The clock that only counts, of a boot that began long before."""
    return int((at - NOON).total_seconds() * 1e9) + 10**15


def _body(events: Sequence[Event]) -> bytes:
    return msgspec.json.encode(Batch(events=tuple(events)))
