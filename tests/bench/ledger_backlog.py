"""A point that was alone for long: what so many unsent events cost, and how many fit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from kiosk import config
from kiosk.service.ports import Storage
from kiosk.store.ledger import SqliteLedger
from kiosk.store.space import Space
from tests.bench.figures import Figure, milliseconds
from tests.bench.lending_point import LendingPoint, lending_point

EVENTS = 100_000
LENT = 20
QUOTA_MB = 64
AIM_LOANS = 30_000
AIM_EVENT_KB = 2.0
#: Recorded in one transaction; nobody lends so many at once, but it fills quicker.
_AT_ONCE = 1_000
#: Patrons from this number on have the backlog.
_STRANGERS = 200_000


def measure(folder: Path, events: int = EVENTS) -> list[Figure]:
    """Lend with nothing unsent, fill, lend again; on the way see what fits.

    The full ledger stays in the folder.
    """
    with lending_point(folder, LENT * 2) as point:
        few = [_lend_s(point, number) for number in range(LENT)]
        fits = _fill(point, folder, events)
        many = [_lend_s(point, LENT + number) for number in range(LENT)]
    size_kb = sum(file.stat().st_size for file in folder.glob("ledger.db*")) / 1000
    lending = Figure(
        name="lend_alone with a backlog",
        unit="ms",
        value=milliseconds(many),
        beside="nothing unsent",
        reference=milliseconds(few),
        rounds=LENT,
        note=f"{events} events unsent",
    )
    size = Figure(
        name="ledger file, each event",
        unit="kB",
        value=size_kb / events,
        aim=AIM_EVENT_KB,
        rounds=events,
    )
    return [lending, size, _fits(fits)]


def fill(point: LendingPoint, ledger: SqliteLedger, events: int) -> Iterator[int]:
    """Record loans of books that nobody else has; yields how many there are by now."""
    for first in range(0, events, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, events))
        stacks = [point.checkouts(_STRANGERS + number, 1) for number in numbers]
        drafts = [draft for stack, _ in stacks for draft in stack]
        tags = [tag for _, targets in stacks for tag in targets]
        ledger.record(drafts, point.now(), tags)
        ledger.note_seen({tag.uid: tag.desired for tag in tags if tag.uid})
        yield numbers.stop


def _fits(loans: int) -> Figure:
    return Figure(
        name=f"loans within {QUOTA_MB} MB",
        unit="loans",
        value=loans,
        aim=AIM_LOANS,
        at_least=True,
        rounds=1,
        note="until none are made any more and the reserve is left to returns",
    )


def _fill(point: LendingPoint, folder: Path, events: int) -> int:
    """Record so many loans; return how many there were when the room became short."""
    space = Space(
        folder, reserve=config.Storage().reserve_mib << 20, quota=QUOTA_MB * 10**6
    )
    fits = 0
    for recorded in fill(point, point.ledger, events):
        if space.look() is not Storage.SHORT:
            fits = recorded
    space.reserve.give_up()
    return fits


def _lend_s(point: LendingPoint, patron: int) -> float:
    start = time.perf_counter()
    point.lend(patron, 1)
    return time.perf_counter() - start
