"""All clocks of the machine in one reading, and how far its wall clock can be trusted.

A Pi has no clock of its own. SYNCED: the kernel follows a time server, or the hub
told its time since the last boot. RTC: a hardware clock set it. GUESSED: the rest.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kiosk.service.ports import Moment
from sync.protocol import Clock

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_RTC = Path("/dev/rtc0")
#: No kiosk existed before; a clock that says so was never set.
_FIRST_YEAR = 2025
#: adjtimex(2): "clock not synchronized", its answer instead of 0.
_TIME_ERROR = 5
#: Further off than this a time server is the wrong one: the hub's clock counts.
_TOLERANCE = dt.timedelta(minutes=10)
#: More than sizeof(struct timex) on any platform; all zero means "only ask".
_TIMEX_BYTES = 512


@dataclass(frozen=True, slots=True)
class BootTime:
    """Where we are since the machine started; suspended time counts."""

    boot_id: str
    boottime_ns: int


@dataclass(frozen=True, slots=True)
class HubTime:
    """What the hub's clock (UTC) showed at a point of a boot."""

    wall: dt.datetime
    at: BootTime


def boot_time() -> BootTime:
    return BootTime(_boot_id(), time.clock_gettime_ns(time.CLOCK_BOOTTIME))


def kernel_synchronised() -> bool:
    """Tell whether a time server steers the kernel's clock."""
    if _TIMESYNCD.exists():
        return True
    query = ctypes.create_string_buffer(_TIMEX_BYTES)
    state: int = _libc().adjtimex(query)
    return 0 <= state < _TIME_ERROR


@cache
def _boot_id() -> str:
    """No process lives longer than its boot."""
    return _BOOT_ID.read_text().strip()


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _as_told(known: HubTime, at: BootTime) -> dt.datetime:
    passed_us = (at.boottime_ns - known.at.boottime_ns) // 1000
    return known.wall + dt.timedelta(microseconds=passed_us)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class SystemClock:
    """Reads the clocks. One thread tells it the hub's time; any may read."""

    def __init__(
        self,
        *,
        wall: Callable[[], dt.datetime] = utc_now,
        boot: Callable[[], BootTime] = boot_time,
        synchronised: Callable[[], bool] = kernel_synchronised,
        rtc: Path = _RTC,
    ) -> None:
        self._wall = wall
        self._boot = boot
        self._synchronised = synchronised
        self._rtc = rtc
        self._hub_time: HubTime | None = None

    def learn(self, hub_time: HubTime | None) -> None:
        """Take over what the mirror has recorded of the hub's clock."""
        self._hub_time = hub_time

    def now(self) -> Moment:
        """Read all clocks at one point. The hub's time counts for its boot only."""
        at, wall, known = self._boot(), self._wall(), self._hub_time
        if known is not None and known.at.boot_id == at.boot_id:
            wall = self._corrected(wall, _as_told(known, at))
            quality = Clock.SYNCED
        elif self._synchronised():
            quality = Clock.SYNCED
        else:
            quality = self._unsynchronised(wall)
        return Moment(wall, at.boot_id, at.boottime_ns, quality)

    def _corrected(self, wall: dt.datetime, told: dt.datetime) -> dt.datetime:
        """The county's time; a time server is finer, as long as it means the same."""
        agree = abs(wall - told) <= _TOLERANCE
        return wall if agree and self._synchronised() else told

    def _unsynchronised(self, wall: dt.datetime) -> Clock:
        if wall.year >= _FIRST_YEAR and self._rtc.exists():
            return Clock.RTC
        return Clock.GUESSED
