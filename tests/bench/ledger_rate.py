"""Loans accepted a second, one at a time, beside the least that could be durable."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from sync.protocol import Event
from tests.bench.acceptors import ack_queue, appender, overwriter, put_one
from tests.bench.figures import Figure
from tests.bench.lending_point import LendingPoint, lending_point

ROUNDS = 7
LOANS = 100
AIM_RATIO = 0.8
Seconds = Mapping[str, Sequence[float]]


def measure(folder: Path, rounds: int = ROUNDS, loans: int = LOANS) -> list[Figure]:
    """Medians of rounds; in each, all of them have their turn with the same events."""
    seconds = _measure(folder, rounds, loans)
    rate = {what: loans / median(taken) for what, taken in seconds.items()}
    figures = [
        ("accepted by Ledger.record", "record", AIM_RATIO),
        ("accepted by Lending.lend_alone", "lend_alone", AIM_RATIO),
        ("accepted by SQLiteAckQueue.put", "queue", None),
    ]
    return [
        Figure(
            name=name,
            unit="/s",
            value=rate[what],
            beside="append + fdatasync of the same event",
            reference=rate["append"],
            aim=aim,
            aim_is_ratio=True,
            at_least=True,
            rounds=rounds,
            note=f"into blocks that are there already: {rate['overwrite']:.0f} /s",
        )
        for name, what, aim in figures
    ]


def _measure(folder: Path, rounds: int, loans: int) -> Seconds:
    seconds: dict[str, list[float]] = defaultdict(list)
    with (
        lending_point(folder, rounds * loans * 2) as point,
        appender(folder) as append,
        overwriter(folder, rounds * loans) as overwrite,
        ack_queue(folder) as queue,
    ):
        # To each the same loans, but of other patrons: a book is lent only once.
        recorded, lent = itertools.count(), itertools.count(rounds * loans)
        for number in range(rounds):
            events, taken = _recorded(point, itertools.islice(recorded, loans))
            seconds["record"].append(taken)
            others: list[tuple[str, Callable[[Event], object]]] = [
                ("append", lambda event: append([event])),
                ("overwrite", overwrite),
                ("queue", lambda event: put_one(queue, event)),
                ("lend_alone", lambda _: point.lend(next(lent), 1)),
            ]
            # Who goes first changes: nobody always follows the same one's writes.
            turn = number % len(others)
            for what, accept in others[turn:] + others[:turn]:
                seconds[what].append(_each(accept, events))
    return seconds


def _recorded(point: LendingPoint, patrons: Iterable[int]) -> tuple[list[Event], float]:
    stacks = [point.checkouts(patron, 1) for patron in patrons]
    events: list[Event] = []
    start = time.perf_counter()
    for drafts, tags in stacks:
        events += point.ledger.record(drafts, point.now(), tags)
    return events, time.perf_counter() - start


def _each(accept: Callable[[Event], object], events: Sequence[Event]) -> float:
    start = time.perf_counter()
    for event in events:
        accept(event)
    return time.perf_counter() - start
