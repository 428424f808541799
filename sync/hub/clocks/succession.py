"""What the order of a kiosk's boots says about one that nobody dated; pure.

A machine starts only after it has stopped: whatever happened in a boot lies between
the last moment known of the boot before and the start of the next one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sync.hub.clocks.intervals import Interval, Pair, drift, duration

#: Nothing stays unsent for longer; stands for a lower bound where there is none.
HORIZON = dt.timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Span:
    """A boot within an epoch.

    `place` orders spans: twice the first seq, or one more than twice the head that a
    heartbeat named. `last_ns` is the last moment it was surely running. `arrived`
    bounds it from above: the machine was running at `ns` no later than `wall`.
    """

    boot_id: str
    place: int
    last_ns: int
    arrived: Pair | None

    def merged(self, other: Span) -> Span:
        arrivals = [pair for pair in (self.arrived, other.arrived) if pair]
        return Span(
            self.boot_id,
            min(self.place, other.place),
            max(self.last_ns, other.last_ns),
            min(arrivals, key=lambda pair: (pair.offset, pair.ns), default=None),
        )

    @property
    def shortest(self) -> dt.timedelta:
        """How long it ran at least."""
        return duration(self.last_ns) - drift(self.last_ns)


#: When a moment of a boot was, as its own pairs of clocks tell; None without any.
Known = Callable[[str, int], Interval | None]


def started(
    own_and_later: Iterable[Span],
    before: Iterable[Span],
    known: Known,
    floor: dt.datetime | None,
) -> Interval | None:
    """Between which times an undated boot started, by it and those beside it.

    Both go on within one epoch, away from the boot, and are read up to the next dated
    one. None if nothing bounds it from above. Every span was running after `floor`.
    """
    latest = _latest(own_and_later, known)
    if latest is None:
        return None
    earliest = _earliest(before, known, floor) or latest - HORIZON
    return Interval(min(earliest, latest), max(earliest, latest))


def _earliest(
    before: Iterable[Span], known: Known, floor: dt.datetime | None
) -> dt.datetime | None:
    """Not before the last moment that is known of an earlier boot."""
    bounds: list[dt.datetime] = []
    ran = dt.timedelta()
    for span in before:
        if floor is not None:
            bounds.append(floor + ran)
        last = known(span.boot_id, span.last_ns)
        if last is not None:
            bounds.append(last.earliest + ran)
            break
        ran += span.shortest
    return max(bounds, default=None)


def _latest(own_and_later: Iterable[Span], known: Known) -> dt.datetime | None:
    """Early enough for all boots up to the next dated one to have run, and arrived."""
    bounds: list[dt.datetime] = []
    ran = dt.timedelta()
    for span in own_and_later:
        if span.arrived is not None:
            bounds.append(span.arrived.latest(0) - ran)
        start = known(span.boot_id, 0)
        if start is not None:
            bounds.append(start.latest - ran)
            break
        ran += span.shortest
    return min(bounds, default=None)
