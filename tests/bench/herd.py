"""Ten thousand kiosks come back within 5 s: how long until all are served, over ideal.

Ideal is the time that the same batches take when they come one after another, at
the rate measured in the same run.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

from sync.protocol import Event
from tests.bench.figures import Figure
from tests.bench.hub_load import Point, Tally, hub_process, points, push
from tests.integration.hub_world import MINUTE, NOON

KIOSKS = 10_000
#: How many of them measure the ideal, so many at a time.
STEADY = 300
AT_ONCE = 4
ARRIVAL_S = 5.0
DRAIN_AIM = 1.25
REQUESTS_AIM = 2.2


def measure(folder: Path, kiosks: int = KIOSKS) -> list[Figure]:
    herd = points(kiosks, "herd")
    pacers = points(min(STEADY, kiosks), "pace")
    items = [_item(one) for one in (*herd, *pacers)]
    with hub_process(folder, [*herd, *pacers], items) as url:
        per_second = asyncio.run(_steady(url, pacers))
        drain_s, tally = asyncio.run(stampede(url, herd))
    return _figures(kiosks, per_second, drain_s, tally)


async def _steady(url: str, pacers: list[Point]) -> float:
    """Batches a second when nobody is in anybody's way."""
    await _all_push(url, pacers, ())
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    await _all_push(url, pacers, None)
    return len(pacers) / (loop.time() - started_s)


async def _all_push(url: str, pacers: list[Point], events: tuple[()] | None) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(point: Point) -> None:
        async with places:
            batch = _batch(point) if events is None else events
            await push(url, point, batch, Tally())

    await asyncio.gather(*(one(point) for point in pacers))


async def stampede(url: str, herd: list[Point]) -> tuple[float, Tally]:
    """Seconds from the first request to the last success."""
    tally = Tally()

    async def one(point: Point) -> None:
        batch = _batch(point)
        await asyncio.sleep(random.random() * ARRIVAL_S)
        await push(url, point, batch, tally)

    await asyncio.gather(*(one(point) for point in herd))
    return max(tally.served_s) - min(tally.sent_s), tally


def _batch(point: Point) -> tuple[Event, ...]:
    lent = point.kiosk.lends(_item(point), point.reader, NOON)
    back = point.kiosk.takes_back(_item(point), NOON + MINUTE, loan_ref=lent.loan_ref)
    return (lent, back)


def _item(point: Point) -> str:
    return f"book-of-{point.kiosk.kiosk_id}"


def _figures(
    kiosks: int, per_second: float, drain_s: float, tally: Tally
) -> list[Figure]:
    seen = ", ".join(
        f"{name}: {count}" for name, count in sorted(tally.statuses.items())
    )
    others = sum(
        count
        for name, count in tally.statuses.items()
        if name not in {"200", "401", "503"}
    )
    return [
        Figure(
            name="herd, time to drain",
            unit="s",
            value=drain_s,
            rounds=kiosks,
            beside=f"ideal at {per_second:.0f} batches/s",
            reference=kiosks / per_second,
            aim=DRAIN_AIM,
            aim_is_ratio=True,
            note=f"answers {seen}",
        ),
        Figure(
            name="herd, requests for each success",
            unit="",
            value=tally.requests_per_success,
            rounds=kiosks,
            aim=REQUESTS_AIM,
        ),
        Figure(
            name="herd, busiest second after the first answers",
            unit="requests",
            value=_peak(tally),
            rounds=kiosks,
            beside="served in a second",
            reference=per_second,
        ),
        Figure(
            name="herd, neither 200 nor 401 nor 503",
            unit="answers",
            value=others,
            rounds=kiosks,
            aim=0,
        ),
    ]


def _peak(tally: Tally) -> float:
    """Requests in the busiest second, once everybody has come for the first time."""
    first_s = min(tally.sent_s)
    later = Counter(
        int(at - first_s) for at in tally.sent_s if at - first_s > ARRIVAL_S + 1
    )
    return max(later.values(), default=0)
