"""What the screen shows: one frozen value, made whole at every change.

Texts are message ids of the wording catalogue (`borrow.count`, `E-LIMIT`); the
UI puts them into words. An id may have a companion `<id>.do` that says what to
do next.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Screen(enum.StrEnum):
    """Which page is up."""

    HOME = "home"
    IDENTIFY = "identify"
    BORROW = "borrow"
    WORKING = "working"
    DONE = "done"
    RETURN = "return"
    ACCOUNT = "account"
    HELP = "help"


class Action(enum.StrEnum):
    """What a button can ask for.

    As its value `LANGUAGE` carries a locale, `TICK` the key of a loan.
    """

    BORROW = "borrow"
    RETURN = "return"
    ACCOUNT = "account"
    TICK = "tick"
    RENEW = "renew"
    HELP = "help"
    BACK = "back"
    CONFIRM = "confirm"
    RECOUNT = "recount"
    PRINT = "print"
    HOME = "home"
    STAY = "stay"
    LANGUAGE = "language"


class LineState(enum.StrEnum):
    """How one book fares; every state has its own colour, picture and words."""

    WAITING = "waiting"  # on the pad, nothing asked yet
    WORKING = "working"  # being recorded or its tag being written
    OK = "ok"
    PUT_BACK = "put_back"  # recorded, but its tag must come back to the pad
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Message:
    """A message id and what fills it: text, a number, or a date put in local form."""

    id: str
    params: Mapping[str, str | int | dt.date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BookLine:
    """One book of the stack or of the result. `title` may be empty (unknown book)."""

    key: str
    title: str
    author: str
    state: LineState
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Slip:
    """The receipt of what was done: to be printed, or photographed from a QR code.

    `lines`: its words, heading first. `can_print`: a printer is ready for it.
    `message`: how printing fares. `as_qr`: show it as a QR code, as nothing prints it.
    """

    lines: tuple[Message, ...]
    can_print: bool = False
    message: Message | None = None
    as_qr: bool = False


@dataclass(frozen=True, slots=True)
class PatronLine:
    """Who is borrowing: a masked name and how many more may be borrowed."""

    name: str
    remaining: int


@dataclass(frozen=True, slots=True)
class LoanLine:
    """A loan of the reader: what is known of it, and what became of renewing it.

    `message` says why it can't be renewed, or how that went. `ticked`: it is among
    those that the reader wants to renew.
    """

    key: str
    title: str
    author: str
    due: Message
    overdue: bool
    state: LineState
    message: Message | None = None
    can_renew: bool = False
    ticked: bool = False


@dataclass(frozen=True, slots=True)
class AccountLines:
    """The reader's own affairs. `notes`: books that came back, and what is waited for.

    `renewable`: how many loans a touch of the renewing button would renew.
    """

    loans: tuple[LoanLine, ...]
    notes: tuple[Message, ...] = ()
    renewable: int = 0


@dataclass(frozen=True, slots=True)
class SiteLine:
    """Where we are and whom to call; `opens`/`closes` like "09:00", empty if unknown."""

    name: str
    short_name: str = ""
    keeper: str = ""
    phone: str = ""
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything the page needs.

    `revision` grows at every change. `step` is the token a touch must carry; it
    changes only when the meaning of the buttons does. `headline` is the main
    sentence, `notice` a refusal or error that needs attention, `banners` stand at
    the top of every screen (offline, device down). `put_back` names the books
    whose tags must come back to the pad. `idle_s` counts down to home, else None.
    `ready` names books that wait for the reader. `account` is there on its own screen;
    `may_look`: the card that is there opens it.
    Not `in_service`: nothing can be lent or taken back, and home offers neither.
    """

    revision: int
    step: str
    screen: Screen
    locale: str
    site: SiteLine
    headline: Message | None = None
    patron: PatronLine | None = None
    books: tuple[BookLine, ...] = ()
    count: int = 0
    max_books: int = 8
    can_confirm: bool = False
    notice: Message | None = None
    banners: tuple[Message, ...] = ()
    put_back: tuple[str, ...] = ()
    receipt: str | None = None
    slip: Slip | None = None
    ready: tuple[Message, ...] = ()
    account: AccountLines | None = None
    may_look: bool = False
    idle_s: int | None = None
    in_service: bool = True


@dataclass(frozen=True, slots=True)
class TouchAnswer:
    """`accepted`: the step token was fresh; `view` is the newest either way."""

    accepted: bool
    view: View


class Desk(Protocol):
    """What the UI knows of the dispatcher. All calls are safe from any thread."""

    def view(self) -> View:
        """Return the latest view."""

    def wait(self, revision: int, timeout_s: float) -> View:
        """Return a view newer than `revision`, or the latest after `timeout_s`."""

    def touch(self, action: Action, step: str, value: str = "") -> TouchAnswer:
        """Hand a touch to the dispatcher and wait until it is dealt with (≤ 2 s)."""
