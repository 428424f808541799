"""Between which two times a moment of a boot lies; pure.

A boot has a clock that only counts (`ns` since the machine started, drifting a
little). A bracket ties it to the hub's clock from both sides, so that every moment
of the boot gets an earliest and a latest time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

#: Parts per million by which the quartz of a small computer may be off.
DRIFT_PPM = 100
#: A bracket is kept for each stretch of this length: far enough apart to be few, near
#: enough together that drift between two of them stays below two seconds.
STRETCH_NS = 6 * 3600 * 10**9
#: Within an interval of this width the middle is as good as any other point.
NARROW = dt.timedelta(minutes=1)
#: Bounds are kept to this grain, rounded outwards.
GRAIN = dt.timedelta(milliseconds=250)
_DAWN = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
#: Brackets that date one moment: three can outvote one made while the hub was wrong.
VOTERS = 3


@dataclass(frozen=True, slots=True)
class Interval:
    """A time that is not known better than this."""

    earliest: dt.datetime
    latest: dt.datetime

    def within(self, other: Interval) -> Interval | None:
        """What both allow; None if they contradict each other."""
        earliest = max(self.earliest, other.earliest)
        latest = min(self.latest, other.latest)
        return Interval(earliest, latest) if earliest <= latest else None

    def rounded(self) -> Interval:
        """A little wider: what a contact improves by less need not be written again."""
        early, late = self.earliest - _DAWN, self.latest - _DAWN
        return Interval(
            _DAWN + early // GRAIN * GRAIN, _DAWN - (-late // GRAIN) * GRAIN
        )

    @property
    def best(self) -> dt.datetime:
        """The middle, as long as it can't be far off; else late rather than early."""
        width = self.latest - self.earliest
        return self.latest - width / 2 if width <= NARROW else self.latest

    def nearest(self, at: dt.datetime) -> dt.datetime:
        return min(max(at, self.earliest), self.latest)

    def __contains__(self, at: dt.datetime) -> bool:
        return self.earliest <= at <= self.latest


@dataclass(frozen=True, slots=True)
class Pair:
    """What one clock showed when the other stood at `ns`."""

    wall: dt.datetime
    ns: int

    def earliest(self, ns: int) -> dt.datetime:
        """The same clock at another moment of the boot, if this pair is a lower bound."""
        return self.wall + duration(ns - self.ns) - drift(ns - self.ns)

    def latest(self, ns: int) -> dt.datetime:
        return self.wall + duration(ns - self.ns) + drift(ns - self.ns)

    @property
    def offset(self) -> dt.datetime:
        """When the boot began by this pair; orders the pairs of one boot."""
        return self.wall - duration(self.ns)


@dataclass(frozen=True, slots=True)
class Bracket:
    """`low` is surely not late, `high` surely not early; each on both clocks."""

    low: Pair
    high: Pair

    def at(self, ns: int) -> Interval | None:
        """The times that this moment may have had; None if the sides contradict."""
        earliest, latest = self.low.earliest(ns), self.high.latest(ns)
        return Interval(earliest, latest) if earliest <= latest else None

    def tightened(self, other: Bracket) -> Bracket:
        """The better of each side; the same whichever of the two came first.

        Bounds are kept to a grain, so a side that is better by less is not better:
        of two in the same grain the one that was earlier in the boot stays.
        """
        low = max(self.low, other.low, key=_lowness)
        high = min(self.high, other.high, key=_highness)
        return Bracket(low, high)

    @property
    def stretch(self) -> int:
        return stretch_of(self.high.ns)

    @property
    def is_sound(self) -> bool:
        """Whether the sides agree at every moment: drift only sets them further apart."""
        return self.low.offset <= self.high.offset


def _lowness(pair: Pair) -> tuple[int, int, dt.datetime]:
    return _grains(pair), -pair.ns, pair.offset


def _highness(pair: Pair) -> tuple[int, int, dt.datetime]:
    return _grains(pair), pair.ns, pair.offset


def _grains(pair: Pair) -> int:
    return (pair.offset - _DAWN) // GRAIN


def stretch_of(ns: int) -> int:
    return ns // STRETCH_NS


def duration(ns: int) -> dt.timedelta:
    return dt.timedelta(microseconds=ns // 1000)


def drift(ns: int) -> dt.timedelta:
    """How far the counting clock may have strayed over this long, either way."""
    return dt.timedelta(microseconds=abs(ns) * DRIFT_PPM // 10**9 + 1)


def nearest(brackets: Iterable[Bracket], ns: int) -> list[Bracket]:
    """Those that date this moment, the nearest first."""
    here = stretch_of(ns)
    ordered = sorted(brackets, key=lambda one: (abs(one.stretch - here), one.stretch))
    return ordered[:VOTERS]


def agreed(brackets: Iterable[Bracket], ns: int) -> Interval | None:
    """What most of the nearest brackets say; of two that contradict, the nearer one."""
    said = [bracket.at(ns) for bracket in nearest(brackets, ns)]
    sound = [interval for interval in said if interval is not None]
    for size in range(len(sound), 0, -1):
        for some in combinations(sound, size):
            common = _common(some)
            if common is not None:
                return common.rounded()
    return None


def _common(intervals: Sequence[Interval]) -> Interval | None:
    found: Interval | None = intervals[0]
    for interval in intervals[1:]:
        found = found and found.within(interval)
    return found
