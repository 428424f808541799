"""Invented lives of a kiosk without a good clock, where the truth is known.

A life is a list of boots; in each the machine runs for a while, its counting clock
drifts, its wall clock is wrong in one of the usual ways, and things happen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random

from sync.hub.clocks.contacts import Contact
from sync.protocol import Clock, Event, Heard, Kind, Sent

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
#: What the wall clock of a boot begins with, against the truth; None: 1970.
RESETS = (None, 0.0, -86400.0, -5.0, 3.2e8, -3.2e8, 3600.0, -3600.0)


@dataclass(frozen=True)
class Happened:
    event: Event
    true: dt.datetime


@dataclass
class Life:
    """What a kiosk did and sent, in the order of truth; `requests` as they arrived."""

    happened: list[Happened] = field(default_factory=list)
    requests: list[Contact] = field(default_factory=list)

    def truth(self, event_id: str) -> dt.datetime:
        return next(h.true for h in self.happened if h.event.event_id == event_id)


@dataclass
class Boot:
    """One run of the machine. `ppm` is what its counting clock gains."""

    name: str
    began: dt.datetime
    ppm: float
    wall_off_s: float | None
    hardware: bool
    steps_at_s: float | None  # a time server answers so long after the start

    def ns(self, true: dt.datetime) -> int:
        return int((true - self.began).total_seconds() * 1e9 * (1 + self.ppm / 1e6))

    def wall(self, true: dt.datetime) -> tuple[dt.datetime, Clock]:
        ran_s = (true - self.began).total_seconds()
        if self.steps_at_s is not None and ran_s >= self.steps_at_s:
            return true, Clock.SYNCED
        if self.hardware:
            return true + dt.timedelta(minutes=4), Clock.RTC
        if self.wall_off_s is None:
            epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
            return epoch + (true - self.began), Clock.GUESSED
        return true + dt.timedelta(seconds=self.wall_off_s), Clock.GUESSED


def live(dice: Random, *, boots: int = 4) -> Life:
    """A life with some boots in contact with the hub and some not; all arrives at last."""
    life, now, waiting, seq = Life(), START, [], 0
    for number in range(boots):
        last = number == boots - 1
        now += dt.timedelta(hours=dice.choice([0.01, 1, 30, 200]))
        boot = _boot(dice, f"boot-{number}", now)
        online = last or dice.random() < 0.4
        heard: Heard | None = None
        for _ in range(dice.randint(1, 4)):
            now += dt.timedelta(hours=dice.choice([0.002, 0.5, 7, 60]))
            seq += 1
            event = _event(boot, seq, now)
            waiting.append(event)
            life.happened.append(Happened(event, now))
            if online and (dice.random() < 0.6 or last):
                now += dt.timedelta(seconds=dice.choice([0.05, 3, 400]))
                request, heard, now = _send(dice, boot, now, waiting, heard)
                life.requests.append(request)
                waiting = []
    if waiting:
        request, _, _ = _send(dice, boot, now, waiting, None)
        life.requests.append(request)
    return life


def _boot(dice: Random, name: str, began: dt.datetime) -> Boot:
    return Boot(
        name,
        began,
        ppm=dice.uniform(-95, 95),
        wall_off_s=dice.choice(RESETS),
        hardware=dice.random() < 0.2,
        steps_at_s=dice.choice([None, None, None, 60.0, 40000.0]),
    )


def _event(boot: Boot, seq: int, true: dt.datetime) -> Event:
    wall, clock = boot.wall(true)
    return Event(
        event_id=f"e-{seq}",
        kiosk_id="k1",
        epoch="e1",
        seq=seq,
        kind=Kind.CHECKIN,
        item=f"YL{1 + seq % 8:04d}",
        occurred_at=wall,
        boot_id=boot.name,
        monotonic_ns=boot.ns(true),
        clock=clock,
    )


def _send(
    dice: Random,
    boot: Boot,
    true: dt.datetime,
    events: list[Event],
    heard: Heard | None,
) -> tuple[Contact, Heard, dt.datetime]:
    """One exchange over a line that is quick, slow, or very slow."""
    there, back = (dice.choice([0.02, 0.4, 20.0]) for _ in range(2))
    received = true + dt.timedelta(seconds=there)
    answered = received + dt.timedelta(seconds=back)
    sent = Sent(
        boot_id=boot.name,
        monotonic_ns=boot.ns(true),
        wall=boot.wall(true)[0],
        heard=heard,
    )
    head = ("e1", events[-1].seq) if events else None
    contact = Contact("k1", sent, received, tuple(events), head)
    return contact, Heard(hub_time=received, monotonic_ns=boot.ns(answered)), answered
