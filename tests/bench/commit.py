"""A stack of ten against one book: one transaction, one sync, or so it should be."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ParamSpec

from sync.protocol import Event
from tests.bench.acceptors import appender
from tests.bench.figures import Figure, milliseconds
from tests.bench.lending_point import STACK, LendingPoint, lending_point

AIM_RATIO = 2.0
P = ParamSpec("P")
Durations = Mapping[tuple[str, int], Sequence[float]]


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Commits of one book and of ten by turns, each beside a bare durable append."""
    seconds = _measure(folder, rounds)
    use_case, record, append = (
        {books: milliseconds(seconds[what, books]) for books in (1, STACK)}
        for what in ("lend_alone", "record", "append")
    )
    return [
        _stack_figure("lend_alone, stack of 10", use_case, rounds),
        _stack_figure("Ledger.record, stack of 10", record, rounds),
        _floor_figure("Ledger.record, 1 book", record[1], append[1], rounds),
        _floor_figure("Ledger.record, 10 books", record[STACK], append[STACK], rounds),
    ]


def _stack_figure(name: str, by_books: Mapping[int, float], rounds: int) -> Figure:
    return Figure(
        name=name,
        unit="ms",
        value=by_books[STACK],
        beside="1 book",
        reference=by_books[1],
        aim=AIM_RATIO,
        aim_is_ratio=True,
        rounds=rounds,
    )


def _floor_figure(name: str, value: float, floor: float, rounds: int) -> Figure:
    return Figure(
        name=name,
        unit="ms",
        value=value,
        beside="append + fdatasync of the same events",
        reference=floor,
        rounds=rounds,
    )


def _measure(folder: Path, rounds: int) -> Durations:
    seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
    with lending_point(folder, rounds * 4) as point, appender(folder) as append:
        patrons = itertools.count()
        for number in range(rounds):
            # Which of the two goes first alternates, so that neither pays for the
            # other's checkpoint every time.
            for books in (1, STACK) if number % 2 else (STACK, 1):
                events, taken = _record(point, next(patrons), books)
                seconds["record", books].append(taken)
                seconds["append", books].append(_timed(append, events))
                lending = _timed(point.lend, next(patrons), books)
                seconds["lend_alone", books].append(lending)
    return seconds


def _record(
    point: LendingPoint, patron: int, books: int
) -> tuple[Sequence[Event], float]:
    drafts, tags = point.checkouts(patron, books)
    at = point.now()
    start = time.perf_counter()
    events = point.ledger.record(drafts, at, tags)
    return events, time.perf_counter() - start


def _timed(work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> float:
    start = time.perf_counter()
    work(*args, **kwargs)
    return time.perf_counter() - start
