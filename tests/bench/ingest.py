"""How many events a hub takes in for each second of CPU, beside bare INSERTs of them.

CPU time is this process's own: all of the work with SQLite, without the server's
with PostgreSQL.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import delete, event, insert, select

from kiosk.domain.values import Title
from sync.hub.county import catalogue, patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.intake.ingest import Sender
from sync.hub.intake.intake import take_in
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.hub.store.turnstile import Lane
from sync.protocol import Batch, Event, Sent
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
from tests.postgres import Missing, postgres_server

EVENTS = 4000
KIOSKS = 50
ITEMS = 2000
PATRONS = 300
#: Of 100 events this many are loans, the others returns.
LOANS = 60
#: Of 100 returns this many are at another point than the loan.
ELSEWHERE = 10
BATCHES = (50, 200)
LATE = NOON + 30 * DAY
_SEED = 7
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pace:
    """What a run took of this process."""

    events: int
    cpu_s: float
    statements: int

    @property
    def a_second(self) -> float:
        return self.events / self.cpu_s

    @property
    def statements_each(self) -> float:
        return self.statements / self.events


def measure(folder: Path, events: int = EVENTS) -> list[Figure]:
    figures = []
    for size in BATCHES:
        url = f"sqlite:///{folder / f'ingest-{size}.db'}"
        figures += _measure_on("SQLite", url, folder, events, size)
    try:
        with postgres_server() as server:
            for size in BATCHES:
                with server.database() as url:
                    figures += _measure_on("PostgreSQL", url, folder, events, size)
    except Missing as err:
        return [msgspec.structs.replace(one, note=str(err)) for one in figures]
    return figures


def paces(hub: Hub, events: int, size: int) -> tuple[Pace, Pace, Pace]:
    """Applied, replayed and barely inserted, batch by batch, on the same hub."""
    batches = list(backlog(hub, events, size))
    applied, replayed = (_taken_in(hub, batches) for _ in range(2))
    return applied, replayed, _inserted(hub, size)


def backlog(hub: Hub, events: int, size: int) -> Iterator[bytes]:
    """What the points of a county recorded in an outage, as they send it in turns."""
    refs = tuple(_furnish(hub))
    return map(_body, in_turns(recorded(refs, events), size))


def in_turns(events: Iterable[Event], size: int) -> Iterator[Sequence[Event]]:
    """Batches of this size: the first of every kiosk, then the second."""
    queues: dict[str, list[Event]] = {}
    for one in events:
        queues.setdefault(one.kiosk_id, []).append(one)
    turns = [list(runs(queue, size)) for queue in queues.values()]
    for round_ in range(max(map(len, turns))):
        for turn in turns:
            yield from turn[round_ : round_ + 1]


def _measure_on(
    name: str, url: str, folder: Path, events: int, size: int
) -> list[Figure]:
    with fresh_hub(url, folder) as hub:
        applied, replayed, bare = paces(hub, events, size)
    return [
        Figure(
            name=f"{what}, batches of {size}, {name}",
            unit="events/CPU s",
            value=pace.a_second,
            rounds=pace.events,
            beside="bare INSERT",
            reference=bare.a_second,
            note=f"{pace.statements_each:.2f} statements an event",
        )
        for what, pace in (("taken in", applied), ("repeated", replayed))
    ]


def _taken_in(hub: Hub, batches: Sequence[bytes]) -> Pace:
    count = 0
    with _counted(hub) as statements:
        started_s = time.process_time()
        for body in batches:
            batch = read_batch(body)
            kiosk_id = batch[0].envelope.kiosk_id
            sender = Sender(kiosk_id, site_of(kiosk_id), _sent(batch[-1].event))
            ticket = hub.database.turnstile.ticket(Lane.BACKLOG)
            taken = take_in(hub.database, sender, batch, LATE, ticket)
            count += len(taken.verdicts)
        return Pace(count, time.process_time() - started_s, len(statements))


def _inserted(hub: Hub, size: int) -> Pace:
    """The rows that were left behind, written again with no thought at all."""
    tables = (schema.events, schema.facts, schema.loans)
    with hub.database.reading() as conn:
        kept = [
            (table, [dict(row) for row in conn.execute(select(table)).mappings()])
            for table in tables
        ]
    with hub.database.writing() as conn:
        for table in tables:
            conn.execute(delete(table))
    with _counted(hub) as statements:
        started_s = time.process_time()
        for table, rows in kept:
            for some in runs(rows, size):
                with hub.database.writing() as conn:
                    conn.execute(insert(table), some)
        took_s = time.process_time() - started_s
    return Pace(len(kept[0][1]), took_s, len(statements))


@contextmanager
def _counted(hub: Hub) -> Iterator[list[str]]:
    """Every statement that the database is sent meanwhile."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, words: str, *_rest: object) -> None:
        sent.append(words)

    event.listen(hub.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(hub.database.engine, "before_cursor_execute", note)


def _furnish(hub: Hub) -> Iterator[str]:
    """Books, readers and points; gives the readers' references."""
    furnish(hub)
    people = [PatronRecord(f"P{number}", "张", "ADULT") for number in range(PATRONS)]
    titles = [Title(f"title-{number}", "书", "") for number in range(ITEMS)]
    copies = [
        replace(book(f"book-{number}"), title_id=f"title-{number}")
        for number in range(ITEMS)
    ]
    with hub.database.writing() as conn:
        catalogue.put_titles(conn, titles)
        catalogue.put_items(conn, copies)
        patrons.put_patrons(conn, people, cheap_digests(people))
        conn.execute(insert(schema.devices), [_device(at) for at in range(KIOSKS)])
        refs = conn.execute(select(schema.patrons.c.patron_ref)).scalars().all()
    yield from sorted(refs)


def recorded(refs: Sequence[str], events: int) -> Iterator[Event]:
    """Loans of what is in, returns of what is out, mostly at the book's own point."""
    dice = random.Random(_SEED)
    points = [Kiosk(f"p{at}", site_of(f"p{at}")) for at in range(KIOSKS)]
    shelf, out = list(range(ITEMS)), list[tuple[int, str]]()
    for minute in range(events):
        at = NOON + MINUTE * minute / 4
        if out and (not shelf or dice.randrange(100) >= LOANS):
            item, loan_ref = out.pop(dice.randrange(len(out)))
            shelf.append(item)
            home = dice.randrange(100) >= ELSEWHERE
            point = points[item % KIOSKS if home else dice.randrange(KIOSKS)]
            yield point.takes_back(f"book-{item}", at, loan_ref=loan_ref)
        else:
            item = shelf.pop(dice.randrange(len(shelf)))
            lent = points[item % KIOSKS].lends(f"book-{item}", dice.choice(refs), at)
            out.append((item, lent.loan_ref or ""))
            yield lent


def runs(rows: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (rows[first : first + size] for first in range(0, len(rows), size))


def _body(events: Sequence[Event]) -> bytes:
    return msgspec.json.encode(Batch(events=tuple(events)))


def _sent(last: Event | None) -> Sent | None:
    """The clock of a kiosk that runs until everything has arrived."""
    if last is None:
        return None
    now_ns = int((LATE - NOON).total_seconds() * 1e9) + 10**15
    return Sent(boot_id=last.boot_id, monotonic_ns=now_ns, wall=LATE)


def site_of(kiosk_id: str) -> str:
    return "AB"[int(kiosk_id[1:]) % 2]


def _device(at: int) -> dict[str, object]:
    kiosk_id = f"p{at}"
    return {
        "kiosk_id": kiosk_id,
        "site_id": site_of(kiosk_id),
        "public_key": f"key of {kiosk_id}",
        "hostname": "",
        "state": "active",
        "enrolled_at": NOON,
    }
