"""The device's own clocks around each exchange with the hub."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from kiosk.clock import BootTime, boot_time, utc_now
from sync.protocol import Heard, Sent


class ContactClock:
    """Says when a request went out and when the hub's clock was read; one thread."""

    def __init__(
        self,
        boot: Callable[[], BootTime] = boot_time,
        wall: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._boot = boot
        self._wall = wall
        self._sent: BootTime | None = None
        self._answered: BootTime | None = None
        self._heard: Heard | None = None

    def sending(self) -> Sent:
        """Read the clocks; to be called right before the request is signed and sent."""
        self._sent = self._boot()
        return Sent(
            boot_id=self._sent.boot_id,
            monotonic_ns=self._sent.boottime_ns,
            wall=self._wall(),
            heard=self._heard,
        )

    def heard(self, hub_time: dt.datetime) -> None:
        """Note the answer to the last request, as soon as it is read."""
        now = self._boot()
        sent = self._sent or now
        half_ns = (now.boottime_ns - sent.boottime_ns) // 2
        self._heard = Heard(hub_time=hub_time, monotonic_ns=now.boottime_ns)
        self._answered = BootTime(now.boot_id, now.boottime_ns - half_ns)

    def answered_at(self) -> BootTime:
        """When the hub read its clock for the last answer: off by half the way at most."""
        return self._answered or self._boot()
