"""An agent between a scripted hub and two small databases in memory."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.link import Link, load_link
from kiosk.service.ports import Head, MirrorStatus
from kiosk.store.errors import LedgerMissing
from sync.agent.agent import Agent
from sync.agent.client import HubClient, Signer
from sync.agent.linkwatch import WatchedHub
from sync.keys import public_hex
from sync.protocol import (
    GENESIS_HASH,
    AckedThrough,
    Change,
    Clock,
    Event,
    FeedPage,
    Kind,
    Mode,
    Outcome,
    Verdict,
    chain_hash,
)
from tests.integration.scripted_hub import ScriptedHub

DEVICE_KEY = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
KIOSK = "K-1"
TIMEOUT_S = 0.25


class LedgerInMemory:
    """Keeps the rules of a ledger: numbers without gaps, a chain, epochs in order."""

    def __init__(self) -> None:
        self._epochs: dict[str, list[Event]] = {}
        self._left: set[str] = set()
        self.missing = False
        self.begin_epoch("e1")

    def begin_epoch(self, epoch: str) -> None:
        self._epochs[epoch] = []

    def record(
        self,
        count: int = 1,
        *,
        kind: Kind = Kind.CHECKIN,
        mode: Mode = Mode.FACT,
        item: str = "",
        patron: str | None = None,
    ) -> tuple[Event, ...]:
        return tuple(
            self._append(kind, mode, item or None, patron) for _ in range(count)
        )

    def roll_back_to(self, seq: int) -> None:
        del self._current[seq:]

    def head(self) -> Head:
        if self.missing:
            raise LedgerMissing("there is no ledger yet")
        epoch = next(reversed(self._epochs))
        events = self._epochs[epoch]
        return Head(epoch, len(events), events[-1].hash if events else GENESIS_HASH)

    def epochs(self) -> Sequence[str]:
        return [epoch for epoch, events in self._epochs.items() if events]

    def events_after(self, epoch: str, seq: int, limit: int) -> Sequence[Event]:
        return tuple(self._epochs.get(epoch, [])[seq : seq + limit])

    def leave_for(self, epoch: str) -> None:
        """Begin an epoch after recording anew all that waits in the newest one."""
        self._left.add(self.head().epoch)
        self.begin_epoch(epoch)

    def removed(self) -> Mapping[str, int]:
        return {}

    def renewed(self, epoch: str, seqs: Collection[int]) -> frozenset[int]:
        return frozenset(seqs) if epoch in self._left else frozenset()

    def open_asks(self) -> Sequence[Event]:
        closed = {event.refers_to for event in self._current}
        return tuple(
            event
            for event in self._current
            if event.mode is Mode.ASK and event.event_id not in closed
        )

    def events_of_item(self, item: str, after_seq: int) -> Sequence[Event]:
        return tuple(e for e in self._current[after_seq:] if e.item == item)

    def events_of_patron(self, patron_ref: str, after_seq: int) -> Sequence[Event]:
        return tuple(e for e in self._current[after_seq:] if e.patron_ref == patron_ref)

    def count_after(self, reached: Mapping[str, int]) -> int:
        return sum(
            len(events) - reached.get(epoch, 0)
            for epoch, events in self._epochs.items()
        )

    @property
    def _current(self) -> list[Event]:
        return self._epochs[next(reversed(self._epochs))]

    def _append(
        self, kind: Kind, mode: Mode, item: str | None, patron: str | None
    ) -> Event:
        head = self.head()
        bare = Event(
            event_id=f"{head.epoch}-{head.seq + 1}",
            kiosk_id=KIOSK,
            epoch=head.epoch,
            seq=head.seq + 1,
            kind=kind,
            mode=mode,
            item=item or f"B{head.seq + 1}",
            patron_ref=patron,
            occurred_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
            boot_id="b",
            monotonic_ns=head.seq,
            clock=Clock.SYNCED,
            prev_hash=head.hash,
        )
        event = msgspec.structs.replace(bare, hash=chain_hash(bare))
        self._current.append(event)
        return event


class MirrorInMemory:
    """Keeps what the hub said; and how far that is without a gap."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.changes: list[Change] = []
        self.synced_at: dt.datetime | None = None
        self._cursor = 0
        self._acked: AckedThrough | None = None

    def cursor(self) -> int:
        return self._cursor

    def apply_page(self, page: FeedPage) -> int:
        self.changes += page.changes
        self._cursor = page.cursor
        return 0

    def put_verdicts(
        self,
        verdicts: Sequence[Verdict],
        acked_through: AckedThrough | None,
        hub_time: dt.datetime,
    ) -> None:
        del hub_time
        if acked_through is not None:
            self._forget_beyond(acked_through)
        self.verdicts |= {verdict.event_id: verdict for verdict in verdicts}
        self._acked = acked_through

    def skip_removed(self, removed: Mapping[str, int]) -> None:
        assert not removed

    def recheck(self, acked: Sequence[AckedThrough]) -> None:
        for known in acked:
            self.verdicts = {
                event_id: verdict
                for event_id, verdict in self.verdicts.items()
                if verdict.epoch != known.epoch or verdict.seq <= known.seq
            }

    def mark_synced(self, hub_time: dt.datetime) -> None:
        self.synced_at = hub_time

    def acked(self) -> AckedThrough | None:
        return self._acked

    def status(self) -> MirrorStatus:
        epoch = self._acked.epoch if self._acked else ""
        final = {
            verdict.seq
            for verdict in self.verdicts.values()
            if verdict.epoch == epoch and verdict.outcome is not Outcome.DEFERRED
        }
        seq = 0
        while seq + 1 in final:
            seq += 1
        return MirrorStatus(self._cursor, self.synced_at, epoch, seq)

    def final(self, event_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(
            event_id
            for event_id in event_ids
            if event_id in self.verdicts
            and self.verdicts[event_id].outcome is not Outcome.DEFERRED
        )

    def empty(self) -> None:
        self.changes.clear()
        self._cursor = 0
        self.synced_at = None

    def _forget_beyond(self, acked: AckedThrough) -> None:
        known = self._acked
        if known and known.epoch == acked.epoch and acked.seq < known.seq:
            self.verdicts = {
                event_id: verdict
                for event_id, verdict in self.verdicts.items()
                if verdict.epoch != acked.epoch or verdict.seq <= acked.seq
            }


@dataclass(slots=True)
class FakeTime:
    """A monotonic clock that stands still until a test moves it."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(slots=True)
class World:
    """Everything around an agent. `restart` replaces it as a new process would."""

    hub: ScriptedHub
    folder: Path
    ledger: LedgerInMemory = field(default_factory=LedgerInMemory)
    mirror: MirrorInMemory = field(default_factory=MirrorInMemory)
    time: FakeTime = field(default_factory=FakeTime)
    stop: threading.Event = field(default_factory=threading.Event)
    _client: HubClient | None = None
    _agent: Agent | None = None

    @property
    def agent(self) -> Agent:
        if self._agent is None:
            self._agent = self._start()
        return self._agent

    def restart(self) -> None:
        self.close()

    def close(self) -> None:
        if self._agent is not None and self._client is not None:
            self._agent.close()
            self._client.close()
        self._agent = None

    def link(self) -> Link:
        return load_link(self.folder)

    def online(self) -> bool:
        return self.link().online

    def _start(self) -> Agent:
        self._client = HubClient(self.hub.url, Signer(DEVICE_KEY, KIOSK), TIMEOUT_S)
        watched = WatchedHub(self._client, self.folder, 1.5)
        return Agent(
            watched,
            self.ledger,
            self.mirror,
            self.folder,
            poll_s=15,
            stop=self.stop,
            now_s=self.time,
            chance=lambda: 0.999,
        )


@contextmanager
def world(folder: Path) -> Iterator[World]:
    with ScriptedHub({KIOSK: public_hex(DEVICE_KEY)}) as hub:
        made = World(hub, folder)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def everything_arrived(here: World) -> bool:
    """The hub holds every event, and the mirror a verdict on each."""
    head = here.ledger.head()
    seqs = list(range(1, head.seq + 1))
    answered = {verdict.seq for verdict in here.mirror.verdicts.values()}
    return here.hub.seqs(head.epoch) == seqs and answered == set(seqs)
