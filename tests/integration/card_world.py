"""A device's card (both databases, real agent) and a real hub; cards can be copied."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
from sqlalchemy import select

from kiosk.epoch_desk import EpochDesk, diverged_in
from kiosk.link import load_link
from kiosk.service.ports import Draft
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.agent import Agent
from sync.agent.errors import HubRefused, HubUnreachable, Revoked, Unauthorised
from sync.agent.linkwatch import WatchedHub
from sync.hub.devices.devices import DeviceState, device
from sync.hub.feed import feed
from sync.hub.feed.feedruns import Position, is_known
from sync.hub.intake import cards, chain, quarantine
from sync.hub.intake.ingest import Sender, ingest
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.keys import public_hex
from sync.protocol import (
    Batch,
    BatchAnswer,
    Event,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Kind,
    Mode,
)
from tests.integration.agent_world import FakeTime
from tests.integration.broken_ledger import zero_page
from tests.integration.store_samples import AT

_ids = itertools.count(1)


class HubAtHand:
    """A device's three calls without the network; `lose` answers are lost."""

    def __init__(self, hub: Hub, kiosk_id: str) -> None:
        self.hub = hub
        self.kiosk_id = kiosk_id
        self.lose = 0
        self.pushed: list[tuple[str, int]] = []

    def push(self, events: Sequence[Event]) -> BatchAnswer:
        now = dt.datetime.now(dt.UTC)
        batch = read_batch(msgspec.json.encode(Batch(events=tuple(events))))
        self.pushed += [(event.epoch, event.seq) for event in events]
        with self.hub.database.writing() as conn:
            known = device(conn, self.kiosk_id)
            if known is None:
                raise Unauthorised(401, "unknown_key")
            if known.state is DeviceState.REVOKED:
                verdicts = quarantine.set_aside(conn, self.kiosk_id, batch, now)
                acked = chain.acked_through(conn, self.kiosk_id, events[-1].epoch)
            else:
                sender = Sender(self.kiosk_id, known.site_id)
                taken = ingest(conn, sender, batch, now)
                verdicts, acked = taken.verdicts, taken.acked_through
        self._maybe_lost()
        return BatchAnswer(verdicts=verdicts, acked_through=acked, hub_time=now)

    def feed(self, cursor: int, run: str) -> FeedPage:
        with self.hub.database.reading() as conn:
            self._in_service()
            if not is_known(conn, Position(cursor, run)):
                raise HubRefused(409, "cursor_unknown")
            return feed.page(conn, cursor, 1000, dt.datetime.now(dt.UTC), "A")

    def heartbeat(self, request: Heartbeat) -> HeartbeatAnswer:
        now = dt.datetime.now(dt.UTC)
        self._in_service()
        with self.hub.database.writing() as conn:
            cards.meet(conn, self.kiosk_id, request, now)
            return HeartbeatAnswer(
                acked_through=chain.acked_through(conn, self.kiosk_id, request.epoch),
                older=chain.holds_of(conn, self.kiosk_id, request.older),
                hub_time=now,
            )

    def _in_service(self) -> None:
        with self.hub.database.reading() as conn:
            known = device(conn, self.kiosk_id)
        if known is None:
            raise Unauthorised(401, "unknown_key")
        if known.state is DeviceState.REVOKED:
            raise Revoked(403, "revoked")

    def _maybe_lost(self) -> None:
        if self.lose:
            self.lose -= 1
            raise HubUnreachable("the answer was lost")


class Card:
    """One device at work on the files of its card."""

    def __init__(self, folder: Path, hub: Hub, kiosk_id: str = "k1") -> None:
        self.folder = folder
        self.kiosk_id = kiosk_id
        self.way = HubAtHand(hub, kiosk_id)
        self.recorded: list[str] = []
        self._hub_key = public_hex(hub.key)
        self.start()

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.time = FakeTime()
        self.mirror = MirrorReader(self.folder / "mirror.db")
        self.ledger = SqliteLedger(
            self.folder / "ledger.db",
            self.kiosk_id,
            self.mirror.acked(),
            final=self.mirror.final,
        )
        self._epochs = EpochDesk(
            self.ledger, self.mirror, lambda: diverged_in(self.folder), lambda: None
        )
        self._writer = MirrorWriter(self.folder / "mirror.db", self._hub_key)
        self.reader = LedgerReader(self.folder / "ledger.db")
        self.agent = Agent(
            WatchedHub(self.way, self.folder, budget_s=60),
            self.reader,
            self._writer,
            self.folder,
            poll_s=15,
            stop=threading.Event(),
            now_s=self.time,
        )

    def stop(self) -> None:
        self.agent.close()
        self._writer.close()
        self.ledger.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def record(self, count: int = 1) -> None:
        """Take books back, each an event of its own."""
        for _ in range(count):
            number = next(_ids)
            item = f"YL{number % 8 + 1:04d}"
            draft = Draft(f"fact-{number}", Kind.CHECKIN, item=item)
            at = replace(AT, monotonic_ns=AT.monotonic_ns + number * 10**9)
            self.ledger.record([draft], at)
            self.recorded.append(draft.event_id)

    def ask(self) -> Event:
        number = next(_ids)
        draft = Draft(
            f"ask-{number}",
            Kind.CHECKOUT,
            Mode.ASK,
            item="YL0001",
            patron_ref="nobody",
            loan_ref=f"loan-{number}",
        )
        (event,) = self.ledger.record([draft], AT)
        return event

    def contact(self, *, heartbeat: bool = True) -> None:
        """Let the agent work, and the kiosk hear of what it found, until all is done."""
        for _ in range(4):
            self.time.now_s += 4000 if heartbeat else 1
            self.agent.turn()
            self._epochs.look()

    def save(self, where: Path) -> None:
        """Keep a copy of the card; the device stands still meanwhile."""
        self.stop()
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(self.folder, where)
        self.start()

    def roll_back(self, image: Path, *, mirror_too: bool = True) -> None:
        self.stop()
        for file in self.folder.iterdir():
            if mirror_too or not file.name.startswith("mirror"):
                file.unlink()
        for file in image.iterdir():
            if mirror_too or not file.name.startswith("mirror"):
                shutil.copy(file, self.folder / file.name)
        self.start()

    def damage(self) -> None:
        """Lose the ledger's first page; every event is still there to be read."""
        self.stop()
        zero_page(self.folder / "ledger.db", 1)
        self.start()

    @property
    def diverged(self) -> tuple[str, ...]:
        return load_link(self.folder).diverged

    def ids(self) -> set[str]:
        """All that stands in the ledger, in any epoch."""
        return {event.event_id for event in self.events()}

    def events(self) -> list[Event]:
        return [
            event
            for epoch in self.reader.epochs()
            for event in self.reader.events_after(epoch, 0, 100_000)
        ]


@contextmanager
def card(folder: Path, hub: Hub, kiosk_id: str = "k1") -> Iterator[Card]:
    made = Card(folder, hub, kiosk_id)
    try:
        yield made
    finally:
        made.stop()


def held_ids(hub: Hub) -> list[str]:
    """The ids of all events that the hub judged."""
    with hub.database.reading() as conn:
        return list(conn.execute(select(schema.events.c.event_id)).scalars())
