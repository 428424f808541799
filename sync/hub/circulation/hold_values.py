"""A hold and what is done for it, as values."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass

from sync.hub.circulation.facts import Fact, Place


class HoldState(enum.StrEnum):
    """ON_ITS_WAY: a copy is set aside elsewhere. DECLINED: its reader was barred."""

    WAITING = "waiting"
    ON_ITS_WAY = "on_its_way"
    READY = "ready"
    FILLED = "filled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DECLINED = "declined"


#: States in which a reader still waits for a book.
ACTIVE = frozenset({HoldState.WAITING, HoldState.ON_ITS_WAY, HoldState.READY})


class Act(enum.StrEnum):
    """What was done for a hold. SET_ASIDE: its copy is in hand, at `site_id`.

    LOOK_AGAIN: the copies that were not found until then are on the list once more.
    """

    SET_ASIDE = "set_aside"
    NOT_FOUND = "not_found"
    LOOK_AGAIN = "look_again"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    PUT_BACK = "put_back"


@dataclass(frozen=True, slots=True)
class Step:
    """One act for a hold, by staff or by the hub's own upkeep, with a copy or without.

    Those of a title sort by `step_id` as they were done, at the same time as well.
    """

    step_id: str
    hold_id: str
    at: dt.datetime
    act: Act
    item: str = ""
    site_id: str = ""

    @property
    def place(self) -> Place:
        return staff_place(self.at, self.step_id)


@dataclass(frozen=True, slots=True)
class SetDown:
    """A copy was received from another site, where it was sent for a hold."""

    item: str
    site_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy was set aside for a hold during this time; `until` None: it still is.

    `last_day` to fetch it; None while it lies elsewhere.
    """

    item: str
    since: Place
    last_day: dt.date | None = None
    until: Place | None = None

    def covers(self, place: Place) -> bool:
        return self.since < place and (self.until is None or self.until >= place)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reader waits, or waited.

    `copy` is set aside, and at `copy_site`; of a hold that ended READY it lies there
    until somebody puts it back. `since`: when the state began. `keep_until`: the last
    day to fetch it. `filled_by`: the fact of the loan that ended it.
    """

    fact: Fact
    state: HoldState = HoldState.WAITING
    copy: str = ""
    copy_site: str = ""
    since: Place | None = None
    keep_until: dt.date | None = None
    ended: Place | None = None
    filled_by: str | None = None
    kept: tuple[Kept, ...] = ()

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    def waits_at(self, place: Place) -> bool:
        began, ended = self.fact.place < place, self.ended
        return began and (ended is None or ended >= place)

    def fits(self, item: str) -> bool:
        return self.fact.item in ("", item)

    def kept_at(self, place: Place) -> Kept | None:
        """The copy that was set aside for it at that time, if any."""
        return next((one for one in self.kept if one.covers(place)), None)


@dataclass(frozen=True, slots=True)
class Terms:
    """`barred`: the reader must not place holds at that time. `last_day` to fetch."""

    barred: Callable[[Fact], bool]
    last_day: Callable[[Fact, dt.datetime], dt.date]


def staff_place(at: dt.datetime, name: str) -> Place:
    """Where an act of staff stands: after what kiosks recorded at the same time."""
    return (at, "~desk", name, 0)
