"""What an ask takes while the hub drains backlogs, beside what it takes when idle."""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from sync.agent.client import HubClient, Signer
from sync.protocol import MAX_BATCH, Event
from tests.bench.figures import Figure, p95
from tests.bench.hub_load import (
    PATRON,
    READERS,
    TIMEOUT_S,
    Point,
    Tally,
    hub_process,
    points,
    push,
)
from tests.integration.hub_world import MINUTE, NOON

#: Of a county's points after a long outage, together.
EVENTS = 100_000
#: How many kiosks have them.
BACKLOGS = 20
IDLE_ASKS = 200
#: How often each book was lent and returned meanwhile.
TIMES = 20
#: Between two asks, so that they don't become the load themselves.
PAUSE_S = 0.2
AIM_MS = 250.0
IDLE_AIM_MS = 30.0
AIM_RATIO = 5.0


def measure(
    folder: Path, events: int = EVENTS, idle_asks: int = IDLE_ASKS
) -> list[Figure]:
    asker, *others = points(BACKLOGS + 1, "drain")
    each = events // BACKLOGS
    items = [
        _book(number, place)
        for number in range(BACKLOGS)
        for place in range(0, each // 2 + 1, TIMES)
    ]
    with hub_process(folder, [asker, *others], items) as url:
        client = HubClient(url, Signer(asker.key, asker.kiosk.kiosk_id), TIMEOUT_S)
        idle_ms = [_ask_ms(client, asker) for _ in range(idle_asks)]
        drain = multiprocessing.get_context("fork").Process(
            target=_drain, args=(url, others, each)
        )
        started_s = time.monotonic()
        drain.start()
        busy_ms = []
        while drain.is_alive():
            busy_ms.append(_ask_ms(client, asker))
            time.sleep(PAUSE_S)
        took_s = time.monotonic() - started_s
        drain.join()
        client.close()
    if drain.exitcode:
        raise RuntimeError(f"the backlogs were not drained: {drain.exitcode}")
    return _figures(idle_ms, busy_ms, events / took_s)


def _ask_ms(client: HubClient, asker: Point) -> float:
    """One ask from the request to the verdict, for a book of its own."""
    ask = asker.kiosk.asks(f"asked-{asker.kiosk.seq}", PATRON)
    started_s = time.monotonic()
    client.push([ask])
    return (time.monotonic() - started_s) * 1000


def _drain(url: str, kiosks: list[Point], events: int) -> None:
    asyncio.run(_drain_all(url, kiosks, events))


async def _drain_all(url: str, kiosks: list[Point], events: int) -> None:
    await asyncio.gather(
        *(_backlog(url, point, number, events) for number, point in enumerate(kiosks))
    )


async def _backlog(url: str, point: Point, number: int, events: int) -> None:
    left = events
    while left > 0:
        batch = _batch(point, number, min(left, MAX_BATCH))
        await push(url, point, batch, Tally())
        left -= len(batch)


def _batch(point: Point, number: int, size: int) -> tuple[Event, ...]:
    """Loans and returns, one reader after the other, one book after the other."""
    events: list[Event] = []
    while len(events) < size:
        place = point.kiosk.seq // 2
        book, at = _book(number, place), NOON + MINUTE * place / 10
        reader = READERS[(number + place) % len(READERS)]
        lent = point.kiosk.lends(book, reader, at)
        back = point.kiosk.takes_back(book, at + MINUTE / 20, loan_ref=lent.loan_ref)
        events += [lent, back]
    return tuple(events[:size])


def _book(number: int, place: int) -> str:
    """What a point lends at this place of its backlog: each book so many times."""
    return f"book-{number}-{place // TIMES}"


def _figures(idle_ms: list[float], busy_ms: list[float], rate: float) -> list[Figure]:
    note = f"{len(busy_ms)} asks while {rate:.0f} events a second were taken in"
    pairs = [("median", statistics.median), ("p99", _p99)]
    idle = [("median", statistics.median, None), ("p95", p95, IDLE_AIM_MS)]
    return (
        [
            Figure(
                name=f"ask of an idle hub, {name}",
                unit="ms",
                value=of(idle_ms),
                rounds=len(idle_ms),
                aim=aim,
            )
            for name, of, aim in [*idle, ("p99", _p99, None)]
        ]
        + [
            Figure(
                name=f"ask during a drain, {name}",
                unit="ms",
                value=of(busy_ms),
                rounds=len(busy_ms),
                beside="idle",
                reference=of(idle_ms),
                aim=AIM_RATIO,
                aim_is_ratio=True,
                note=note,
            )
            for name, of in pairs
        ]
        + [
            Figure(
                name=f"ask during a drain, {name} alone",
                unit="ms",
                value=of(busy_ms),
                rounds=len(busy_ms),
                aim=aim,
            )
            for name, of, aim in [("p95", p95, None), ("p99", _p99, AIM_MS)]
        ]
    )


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(len(values) * 0.99) - 1]
