"""When an event really happened, from a device that has no clock of its own.

ADR-time.md says why it is done like this. What is known of a boot's clock, and of
the boots around it, gives every event an earliest and a latest time; both are pure
functions of what is stored, whatever came first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from sqlalchemy import Connection, select

from sync.hub.clocks import boots
from sync.hub.clocks.boot_order import BootOrder
from sync.hub.clocks.intervals import Interval, drift, duration
from sync.hub.clocks.succession import HORIZON, started
from sync.hub.store import schema
from sync.protocol import Clock, Event

#: A clock may differ from the hub's by this much before it is disbelieved.
TOLERANCE = dt.timedelta(minutes=10)
#: How far a time may be off that a kiosk vouches for, where no contact says better.
DOUBT = {Clock.SYNCED: dt.timedelta(seconds=5), Clock.RTC: dt.timedelta(minutes=10)}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the clocks of a kiosk said of an event, and where it stands in the ledger."""

    epoch: str
    boot_id: str
    ns: int
    wall: dt.datetime
    clock: Clock
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Dated:
    """The corrected time, how good it is, and between which times it surely lies.

    `believed` is False where the recorded time can't be true and something else
    had to stand for it.
    """

    at: dt.datetime
    clock: Clock
    span: Interval
    believed: bool = True


def dated(recorded: Recorded, met: Interval | None, bounds: Interval) -> Dated:
    """Date one event; pure.

    `met` is what the pairs of clocks of its boot say, `bounds` what its neighbours do.
    Where a time has to be taken from a wide interval it is the latest, so that a
    reader is never the worse for it.
    """
    wall, clock = recorded.wall, recorded.clock
    if met is not None:
        return _paired(wall, clock, met)
    if clock in DOUBT and _near(wall, bounds):
        own = Interval(wall - DOUBT[clock], wall + DOUBT[clock]).within(bounds)
        if own is not None:
            return Dated(own.nearest(wall), clock, own)
    if clock is Clock.GUESSED and wall in bounds:
        return Dated(wall, clock, bounds)
    return Dated(bounds.latest, Clock.GUESSED, bounds, believed=_near(wall, bounds))


class Clocks:
    """All that is known of the clocks of a kiosk, as long as nothing is learnt."""

    def __init__(self, conn: Connection, kiosk_id: str) -> None:
        self._conn = conn
        self._kiosk_id = kiosk_id
        self._known = boots.witnessed(conn, kiosk_id)
        self._orders: dict[str, BootOrder] = {}
        self._starts: dict[tuple[str, str], Interval | None] = {}

    def date_event(self, event: Event, received_at: dt.datetime) -> Dated:
        """Date an event that came just now."""
        recorded = Recorded(
            epoch=event.epoch,
            boot_id=event.boot_id,
            ns=event.monotonic_ns,
            wall=event.occurred_at,
            clock=event.clock,
            received_at=received_at,
        )
        return self.date(recorded)

    def date(self, recorded: Recorded) -> Dated:
        """Date one event of the kiosk by all that is stored."""
        met = self._known(recorded.boot_id, recorded.ns)
        bounds = Interval(recorded.received_at - HORIZON, recorded.received_at)
        if met is None:
            bounds = self._bounds(recorded).within(bounds) or bounds
        return dated(recorded, met, bounds)

    def _bounds(self, recorded: Recorded) -> Interval:
        """What the order of the boots says; it was recorded after the enrolment."""
        start = self._started(recorded.epoch, recorded.boot_id)
        if start is None:
            return Interval(recorded.received_at - HORIZON, recorded.received_at)
        floor = self._enrolled_at
        ran, doubt = duration(recorded.ns), drift(recorded.ns)
        earliest, latest = start.earliest + ran - doubt, start.latest + ran + doubt
        if floor is not None:
            earliest = max(earliest, floor)
        return Interval(min(earliest, latest), latest)

    def _started(self, epoch: str, boot_id: str) -> Interval | None:
        """The same for all events of a boot."""
        if (epoch, boot_id) not in self._starts:
            self._starts[epoch, boot_id] = self._start(epoch, boot_id)
        return self._starts[epoch, boot_id]

    def _start(self, epoch: str, boot_id: str) -> Interval | None:
        if epoch not in self._orders:
            self._orders[epoch] = BootOrder(self._conn, self._kiosk_id, epoch)
        order = self._orders[epoch]
        here = order.span(boot_id)
        if here is None:
            return None
        own_and_later = chain([here], order.later(here))
        before = order.earlier(here)
        return started(own_and_later, before, self._known, self._enrolled_at)

    @cached_property
    def _enrolled_at(self) -> dt.datetime | None:
        devices = schema.devices.c
        query = select(devices.enrolled_at).where(devices.kiosk_id == self._kiosk_id)
        return self._conn.execute(query).scalar_one_or_none()


def _paired(wall: dt.datetime, clock: Clock, met: Interval) -> Dated:
    if clock is not Clock.SYNCED:
        return Dated(met.best, Clock.SYNCED, met)
    if _near(wall, met):
        return Dated(met.nearest(wall), Clock.SYNCED, met)
    return Dated(met.best, Clock.SYNCED, met, believed=False)


def _near(wall: dt.datetime, span: Interval) -> bool:
    return span.earliest - TOLERANCE <= wall <= span.latest + TOLERANCE
