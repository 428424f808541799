"""What the hub asks of the county's own library system, whatever speaks to it.

Everything that is told has happened already, at a kiosk: a library system may say
that it will not have it, but it is never asked for leave.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lending:
    """A patron took an item. `patron` is the number on the card, `at` the true time."""

    patron: str
    item: str
    at: dt.datetime
    due_on: dt.date


@dataclass(frozen=True, slots=True)
class TakingBack:
    """An item came back."""

    item: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Renewal:
    """A patron keeps an item longer, until `due_on`."""

    patron: str
    item: str
    at: dt.datetime
    due_on: dt.date


Act = Lending | TakingBack | Renewal


@dataclass(frozen=True, slots=True)
class Done:
    """It is so there now. `due_on`: what the library system says, if it says it."""

    due_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It was understood and not done; `reason` is for staff."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been done or not: the bytes left, and no answer came."""

    why: str


@dataclass(frozen=True, slots=True)
class Away:
    """Surely nothing was done: nobody is there, or nobody lets us in."""

    why: str


Outcome = Done | Refused | Unknown | Away


@dataclass(frozen=True, slots=True)
class ItemThere:
    """An item as the library system has it. `on_loan` is None if it does not say."""

    on_loan: bool | None
    due_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class PatronThere:
    """What a patron has there on loan; all of it, by its numbers, if `complete`."""

    items: frozenset[str] = frozenset()
    complete: bool = False


class PinCheck(enum.Enum):
    """NOT_TOLD: the library system does not say whether a PIN is right."""

    RIGHT = enum.auto()
    WRONG = enum.auto()
    NOT_TOLD = enum.auto()


class NoBlock(enum.StrEnum):
    """Whether it is said that everything happened already. AUTO: if it says it may be."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class LibrarySystem(Protocol):
    """One account at a library system, used by one thread. None of these raises.

    `lend`, `take_back` and `renew` are tried once: whoever calls finds out first what
    became of an unknown one. The others change nothing there and may be repeated.
    """

    def lend(self, act: Lending) -> Outcome: ...

    def take_back(self, act: TakingBack) -> Outcome: ...

    def renew(self, act: Renewal) -> Outcome: ...

    def item(self, barcode: str) -> ItemThere | Away: ...

    def patron(self, number: str) -> PatronThere | Away: ...

    def check_pin(self, number: str, pin: str) -> PinCheck | Away: ...

    def close(self) -> None: ...
