"""The pace of one long drain at its end, beside its pace at the start.

In CPU time of this process, so that neither the disk nor neighbours count.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from sqlalchemy import select

from kiosk.domain.values import Title
from sync.hub.county import catalogue, patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.intake.ingest import Sender
from sync.hub.intake.intake import SHORT_S, take_in
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.hub.store.turnstile import Lane
from sync.protocol import Batch, Clock, Event, Heard, Sent
from tests.bench.figures import Figure
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    Kiosk,
    book,
    cheap_digests,
    fresh_hub,
    furnish,
)

EVENTS = 20_000
#: Events of which a pace is taken.
STEP = 2_000
SIZE = 200
READERS = 200
ITEMS = 2_000
#: Books that are on loan at any time.
OUT = 150
#: How much of its first pace the last part shall keep.
AIM = 0.8
#: Between two batches, and how late the second one may be by its line.
PAUSE = dt.timedelta(milliseconds=400)
LATE_S = 0.2
#: Parts per million by which the kiosk's counting clock runs fast.
PPM = 20
_SEED = 7


class LongDrain:
    """A kiosk without a clock that lent for months and sends all of it in turn."""

    def __init__(self, hub: Hub, short_s: float = SHORT_S) -> None:
        self._hub = hub
        self._short_s = short_s
        self._dice = random.Random(_SEED)
        self._kiosk = Kiosk("k1", "A", clock=Clock.GUESSED)
        self._events = self._record(tuple(_furnish(hub)))
        self._heard: Heard | None = None
        self._sent = 0

    def send(self, size: int = SIZE) -> None:
        """The next batch, as an agent does it: with what its clocks say just now."""
        events = [next(self._events) for _ in range(size)]
        met = NOON + 400 * DAY + self._sent * PAUSE
        clocks = self._clocks(met)
        late = dt.timedelta(seconds=self._dice.random() * LATE_S)
        body = msgspec.json.encode(Batch(events=tuple(events), sent=clocks))
        sender = Sender(self._kiosk.kiosk_id, self._kiosk.site_id, clocks)
        database = self._hub.database
        ticket = database.turnstile.ticket(Lane.BACKLOG)
        batch, now = read_batch(body), met + late
        taken = take_in(database, sender, batch, now, ticket, self._short_s)
        if len(taken.verdicts) != size:
            raise RuntimeError(f"{len(taken.verdicts)} verdicts on {size} events")
        self._heard = Heard(hub_time=now, monotonic_ns=clocks.monotonic_ns)
        self._sent += 1

    def _clocks(self, met: dt.datetime) -> Sent:
        plain = self._kiosk.clocks(met)
        gained_ns = int(self._sent * PAUSE.total_seconds() * 1000 * PPM)
        return msgspec.structs.replace(
            plain, monotonic_ns=plain.monotonic_ns + gained_ns, heard=self._heard
        )

    def _record(self, refs: Sequence[str]) -> Iterator[Event]:
        """A loan and a return in turn; each book comes back after some others."""
        shelf, out = deque(range(ITEMS)), deque[tuple[int, str]]()
        at = NOON
        while True:
            at += MINUTE
            number = shelf.popleft()
            reader = self._dice.choice(refs)
            lent = self._kiosk.lends(f"book-{number}", reader, at)
            out.append((number, lent.loan_ref or ""))
            yield lent
            if len(out) > OUT:
                number, loan_ref = out.popleft()
                shelf.append(number)
                yield self._kiosk.takes_back(f"book-{number}", at, loan_ref=loan_ref)


def measure(folder: Path, events: int = EVENTS) -> list[Figure]:
    step = min(STEP, events // 2)
    with fresh_hub(f"sqlite:///{folder / 'long-drain.db'}", folder) as hub:
        drain = LongDrain(hub)
        paces = [_pace(drain, step) for _ in range(events // step)]
    return [
        Figure(
            name="pace at the end of a drain",
            unit="events/CPU s",
            value=paces[-1],
            rounds=step,
            beside=f"the first {step}",
            reference=paces[0],
            aim=AIM,
            aim_is_ratio=True,
            at_least=True,
            note=f"{events} events: " + ", ".join(f"{pace:.0f}" for pace in paces),
        )
    ]


def _pace(drain: LongDrain, events: int) -> float:
    started_s = time.process_time()
    for first in range(0, events, SIZE):
        drain.send(min(SIZE, events - first))
    return events / (time.process_time() - started_s)


def _furnish(hub: Hub) -> Iterator[str]:
    """Books and readers; gives the readers' references."""
    furnish(hub)
    people = [PatronRecord(f"P{number}", "张", "ADULT") for number in range(READERS)]
    titles = [Title(f"title-{number}", "书", "") for number in range(ITEMS)]
    copies = [
        replace(book(f"book-{number}"), title_id=f"title-{number}")
        for number in range(ITEMS)
    ]
    table = schema.patrons.c
    with hub.database.writing() as conn:
        catalogue.put_titles(conn, titles)
        catalogue.put_items(conn, copies)
        patrons.put_patrons(conn, people, cheap_digests(people))
        refs = conn.execute(select(table.patron_ref)).scalars().all()
    yield from sorted(refs)
