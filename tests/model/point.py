"""A lending point of the model: real ledger, real use cases, real agent, on one card."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import cast

from sqlalchemy import Connection, event

from kiosk.clock import BootTime
from kiosk.domain.session import Book, BookClass
from kiosk.epoch_desk import EpochDesk
from kiosk.ids import RANDOM_BYTES, uuid7
from kiosk.link import load_link
from kiosk.service.daybook import Daybook
from kiosk.service.knowledge import Knowledge
from kiosk.service.lending import Lending
from kiosk.service.plans import Plan
from kiosk.service.ports import Draft, Moment, TagTarget
from kiosk.service.returning import Returning
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.agent import Agent
from sync.agent.client import HubClient, Signer
from sync.agent.contact_clock import ContactClock
from sync.agent.linkwatch import WatchedHub
from sync.exchange import Exchange
from sync.protocol import Clock, Event, Kind
from tests.model.county import ModelHub, PowerCut, TrueTime, device_key
from tests.model.line import Line

#: Agent turns cost no waiting here; a clock that moves ends back-offs and retries.
_TURN_S = 4000.0
_PAGE = 500


@dataclass(slots=True)
class Clocks:
    """A machine's clocks: monotonic time runs, the wall clock may be anywhere."""

    true: TrueTime
    wall_off: dt.timedelta = dt.timedelta(0)
    quality: Clock = Clock.SYNCED
    boots: int = 1

    def moment(self) -> Moment:
        self.true.seconds += 1.0
        at = self.boot()
        return Moment(self.wall(), at.boot_id, at.boottime_ns, self.quality)

    def boot(self) -> BootTime:
        return BootTime(f"boot-{self.boots}", int(self.true.seconds * 1e9))

    def wall(self) -> dt.datetime:
        return self.true.now() + self.wall_off

    def monotonic_s(self) -> float:
        return self.true.seconds


class HeardLedger(SqliteLedger):
    """A ledger that notes what it said is recorded: from then on it was promised."""

    heard: set[str]

    def record(
        self, drafts: Sequence[Draft], at: Moment, tags: Sequence[TagTarget] = ()
    ) -> tuple[Event, ...]:
        recorded = super().record(drafts, at, tags)
        self.heard |= {one.event_id for one in recorded}
        return recorded


class Point:
    """Kiosk and agent over one folder."""

    def __init__(
        self, folder: Path, kiosk_id: str, site_id: str, hub: ModelHub, seed: int
    ) -> None:
        """`folder` is the card; what is on it already is gone on with."""
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.kiosk_id = kiosk_id
        self.site_id = site_id
        self.clocks = Clocks(hub.time)
        self.asked: tuple[Plan, ...] = ()
        #: What the ledger has said is recorded, or held when it was looked at last.
        self.seen: set[str] = set()
        self._hub = hub
        self._random = random.Random(seed)
        self.line = Line(hub.call, self._pass)
        self.start_kiosk()
        self.start_agent()

    # The kiosk ------------------------------------------------------------------

    def start_kiosk(self) -> None:
        """Start as the kiosk process does."""
        mirror = MirrorReader(self.folder / "mirror.db")
        self.ledger = HeardLedger(
            self.folder / "ledger.db",
            self.kiosk_id,
            mirror.acked(),
            final=mirror.final,
        )
        self.ledger.heard = self.seen
        self.reader = LedgerReader(self.folder / "ledger.db")
        self.knowledge = Knowledge(self.ledger, mirror)
        daybook = Daybook(
            self.knowledge, self.site_id, self.clocks.moment, self._new_id
        )
        self.lending, self.returning = Lending(daybook), Returning(daybook)
        self.daybook = daybook
        self.asked = ()
        self.daybook.withdraw_open_asks()

    def crash_kiosk(self) -> None:
        """Leave the files as a killed process leaves them."""
        with _files_kept(self.folder, "ledger.db*"):
            self.ledger._engine.dispose()
            self.ledger._lock.close()
        self.start_kiosk()

    def stop_kiosk(self) -> None:
        self.ledger.close()

    @contextmanager
    def power_cut_at_commit(self, which: int) -> Iterator[None]:
        """Stop the machine at the n-th commit of the ledger from now, before it counts."""
        engine, left = self.ledger._engine, [which]

        def cut(_: Connection) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise PowerCut

        event.listen(engine, "commit", cut)
        try:
            with suppress(PowerCut):
                yield
        finally:
            event.remove(engine, "commit", cut)
        if left[0] <= 0:
            self.crash_kiosk()

    def lend(self, patron_ref: str, items: Sequence[str]) -> None:
        """Decide alone and record."""
        self._end_asking()
        patron = self.knowledge.mirror.patron(patron_ref)
        if patron is not None:
            self.lending.lend_alone(patron, [_book(item) for item in items], "s")

    def ask(self, patron_ref: str, items: Sequence[str]) -> None:
        self._end_asking()
        patron = self.knowledge.mirror.patron(patron_ref)
        if patron is not None:
            self.asked = self.lending.ask(patron, [_book(item) for item in items], "s")

    def close_asks(self, *, in_time: bool) -> None:
        """By the verdicts that are here, or as if the budget had run out before."""
        ids = [plan.ask.event_id for plan in self.asked if plan.ask]
        verdicts = self.knowledge.mirror.verdicts(ids) if in_time else {}
        if self.asked:
            self.lending.settle(self.asked, verdicts, "s")
        self.asked = ()

    def take_back(self, items: Sequence[str]) -> None:
        self._end_asking()
        self.returning.take_back([_book(item) for item in items], {}, None)

    def note_tag(self, item: str) -> None:
        tag = {"tag_uid": f"E004{item}", "desired": "in", "seen": "in"}
        self.daybook.note(Kind.TAG_WRITTEN, tag)

    def _end_asking(self) -> None:
        """One session at a time: the budget is over before anything else begins."""
        self.close_asks(in_time=True)

    def events(self) -> tuple[Event, ...]:
        """All that the ledger holds, epoch by epoch."""
        return tuple(
            found for epoch in self.reader.epochs() for found in self._events_of(epoch)
        )

    def _events_of(self, epoch: str) -> Iterator[Event]:
        after = 0
        while page := self.reader.events_after(epoch, after, _PAGE):
            yield from page
            after = page[-1].seq

    # The agent ------------------------------------------------------------------

    def start_agent(self) -> None:
        clock = ContactClock(self.clocks.boot, self.clocks.wall)
        self.mirror = MirrorWriter(
            self.folder / "mirror.db", self._hub.key, clock.answered_at
        )
        signer = Signer(device_key(self.kiosk_id), self.kiosk_id)
        client = HubClient("http://127.0.0.1:8443", signer, 5.0, clock)
        client._exchange = cast(Exchange, self.line)
        watched = WatchedHub(client, self.folder, 1.5, self.clocks.monotonic_s)
        self.agent = Agent(
            watched,
            self.reader,
            self.mirror,
            self.folder,
            poll_s=15,
            stop=threading.Event(),
            now_s=self.clocks.monotonic_s,
            chance=lambda: 0.5,
        )

    def crash_agent(self) -> None:
        with _files_kept(self.folder, "mirror.db*"):
            self.stop_agent()
        self.start_agent()

    def stop_agent(self) -> None:
        self.agent.close()
        self.mirror.close()

    def turn(self) -> bool:
        """Let the agent do what is due; tell whether nothing was in the way.

        The kiosk then looks at what it found, as it does between two use cases.
        """
        self._pass(_TURN_S)
        trouble = self.agent.turn()
        mirror = self.knowledge.mirror
        EpochDesk(self.ledger, mirror, self._diverged, lambda: None).look()
        return trouble is None

    # The card -------------------------------------------------------------------

    def image(self, pattern: str = "*.db*") -> Path:
        """Copy the card as it is, both processes running."""
        place = Path(mkdtemp(dir=self.folder.parent))
        for path in self.folder.glob(pattern):
            shutil.copy(path, place)
        return place

    def put_back(self, image: Path, *, whole_card: bool) -> None:
        """Start from an old copy of the ledger, or of the whole card."""
        self.stop_kiosk()
        self.stop_agent()
        patterns = ("ledger.db*", "mirror.db*") if whole_card else ("ledger.db*",)
        for pattern in patterns:
            for path in self.folder.glob(pattern):
                path.unlink()
            for path in image.glob(pattern):
                shutil.copy(path, self.folder)
        self.start_kiosk()
        self.start_agent()

    def _diverged(self) -> tuple[str, ...]:
        return load_link(self.folder).diverged

    def _pass(self, seconds: float) -> None:
        self.clocks.true.seconds += seconds

    def _new_id(self, moment: Moment) -> str:
        # An absurd clock still makes a valid identifier, as the real one does.
        wall = max(moment.wall, dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
        return uuid7(replace(moment, wall=wall), self._random.randbytes(RANDOM_BYTES))


def _book(item: str) -> Book:
    return Book(item, BookClass.OWN, item, item, uids=(f"E004{item}",))


@contextmanager
def _files_kept(folder: Path, pattern: str) -> Iterator[None]:
    """Whatever closing does to these files is undone, as if it had been a kill."""
    kept = {path: path.read_bytes() for path in folder.glob(pattern)}
    yield
    for path in folder.glob(pattern):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
