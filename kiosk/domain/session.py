"""The values of one visit at the touchscreen: its state, what comes in, what goes out.

`kiosk.domain.step` advances them. Lookups are made before an input is built;
effects are performed by the dispatcher and answered with further inputs.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from kiosk.domain.account import Account, OnLoan, Waiting
from kiosk.domain.values import Patron
from kiosk.view import Action, LineState, Message, Screen


class BookClass(enum.Enum):
    """What lies on the pad. Each class but OWN has words of its own."""

    OWN = "own"
    PARTNER = "partner"
    FOREIGN = "E-FOREIGN"
    BLANK = "E-TAG-BLANK"
    UNREADABLE = "E-TAG-UNREADABLE"
    CARD = "E-CARD-ON-PAD"
    DUPLICATE = "E-TAG-DUP"
    INCOMPLETE = "E-SET"

    @property
    def circulates(self) -> bool:
        return self in {BookClass.OWN, BookClass.PARTNER}


@dataclass(frozen=True, slots=True)
class Book:
    """One book as the reader sees it: a set of several parts is one book.

    `key` is its barcode, or a tag's UID where that can't be trusted. `uids` are
    its tags, none when it was scanned. `missing` counts parts of a set.
    """

    key: str
    kind: BookClass
    barcode: str = ""
    title: str = ""
    author: str = ""
    uids: tuple[str, ...] = ()
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one book. `unwritten`: tags whose security bit is still wrong."""

    book: Book
    state: LineState
    message: Message | None = None
    unwritten: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Visitor:
    """The patron of this session; `refusal` says why nothing can be borrowed.

    `ready`: books that are kept for the patron, and where.
    """

    patron: Patron
    remaining: int
    refusal: Message | None = None
    ready: tuple[Waiting, ...] = ()


class SlipState(enum.Enum):
    """What became of the receipt of what was done last."""

    NONE = enum.auto()
    PRINTING = enum.auto()
    PRINTED = enum.auto()
    FAILED = enum.auto()


@dataclass(frozen=True, slots=True)
class Manners:
    """How patient the screen is, in seconds, and what removing the card means.

    `unlocks`: a patron who may borrow opens the cabinet.
    """

    locale: str = "zh_Hans"
    idle_s: float = 60
    warning_s: float = 20
    card_stays: bool = False
    unlocks: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """State of the screen.

    `settled`: books dealt with in this session that still lie on the pad.
    `loans` and `returns` count what was recorded in it, `recorded_at` (county time) is
    when that last happened, None where no clock can be trusted.
    `since`: when somebody last did something (monotonic s). `goal`: where a card leads
    to. `account` is there while its screen is up, `ticked` are the barcodes chosen on
    it. `back`: where help leads back to.
    """

    screen: Screen = Screen.HOME
    locale: str = "zh_Hans"
    session_id: str | None = None
    visitor: Visitor | None = None
    on_pad: tuple[Book, ...] = ()
    stable: bool = False
    scanned: tuple[Book, ...] = ()
    lines: tuple[Line, ...] = ()
    settled: frozenset[str] = frozenset()
    notice: Message | None = None
    receipt: str | None = None
    recorded_at: dt.datetime | None = None
    slip: SlipState = SlipState.NONE
    loans: int = 0
    returns: int = 0
    since: float = 0.0
    warned: bool = False
    goal: Screen = Screen.BORROW
    account: Account | None = None
    ticked: frozenset[str] = frozenset()
    back: Screen = Screen.HOME

    @property
    def books(self) -> tuple[Book, ...]:
        """The stack in front of the reader: pad first, then what was only scanned."""
        done = self.settled | {line.book.key for line in self.lines}
        seen = done | {book.key for book in self.on_pad}
        return (
            *(book for book in self.on_pad if book.key not in done),
            *(book for book in self.scanned if book.key not in seen),
        )

    @property
    def busy(self) -> bool:
        """Something is being recorded or written: the screen must not go home."""
        return self.screen is Screen.WORKING or any(
            line.state is LineState.WORKING for line in self.lines
        )

    @property
    def to_renew(self) -> tuple[OnLoan, ...]:
        """What a touch would renew: the loans ticked, or all if none is."""
        if self.account is None or self.lines:
            return ()
        every = self.account.renewable
        chosen = tuple(one for one in every if one.loan.item in self.ticked)
        return chosen or every

    @property
    def can_confirm(self) -> bool:
        return (
            self.screen is Screen.BORROW
            and self.visitor is not None
            and self.visitor.refusal is None
            and (self.stable or not self.on_pad)
            and any(book.kind.circulates for book in self.books)
        )


# Inputs ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Touched:
    action: Action
    value: str = ""


@dataclass(frozen=True, slots=True)
class PatronCame:
    """A card or code was identified. `session_id` is fresh, used if one starts."""

    visitor: Visitor
    session_id: str


@dataclass(frozen=True, slots=True)
class CardTaken:
    """The card left the reader."""


@dataclass(frozen=True, slots=True)
class StackChanged:
    """What the pad shows now, fenced tags left out."""

    books: tuple[Book, ...]
    stable: bool


@dataclass(frozen=True, slots=True)
class BookScanned:
    """A barcode was scanned and is a book."""

    book: Book


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something to tell: an unknown card, an ISBN instead of a label."""

    message: Message


@dataclass(frozen=True, slots=True)
class LoansSettled:
    """Every book of a Lend effect is lent or refused, durably.

    `visitor`: the patron with the figures of now; None leaves them as they were.
    `at`: county time, None where no clock can be trusted.
    """

    lines: tuple[Line, ...]
    receipt: str | None
    visitor: Visitor | None = None
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountRead:
    """What a ReadAccount effect asked for."""

    account: Account


@dataclass(frozen=True, slots=True)
class LoansRenewed:
    """Every loan of a Renew effect is renewed, noted or refused, durably."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReturnsRecorded:
    """Every book of a TakeBack effect is recorded, durably; `at` as in LoansSettled."""

    lines: tuple[Line, ...]
    receipt: str | None
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class TagsSecured:
    """Tags whose security bit was written and read back, and those where it failed."""

    written: frozenset[str]
    failed: frozenset[str]


@dataclass(frozen=True, slots=True)
class SlipPrinted:
    """The slip of a PrintSlip effect is on paper, or there is none."""

    printed: bool


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed; `now` says how much."""


Input = (
    Touched
    | PatronCame
    | CardTaken
    | StackChanged
    | BookScanned
    | Noticed
    | LoansSettled
    | AccountRead
    | LoansRenewed
    | ReturnsRecorded
    | TagsSecured
    | SlipPrinted
    | Ticked
)


# Effects --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lend:
    """Decide and record loans, then answer LoansSettled."""

    patron: Patron
    books: tuple[Book, ...]
    session_id: str


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Look up the patron's own affairs, then answer AccountRead."""

    patron: Patron


@dataclass(frozen=True, slots=True)
class Renew:
    """Ask for renewals or note them, then answer LoansRenewed."""

    patron: Patron
    loans: tuple[OnLoan, ...]
    session_id: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Arm the tags, record returns, then answer ReturnsRecorded."""

    books: tuple[Book, ...]
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Recount:
    """Trust the pad again only after fresh rounds."""


@dataclass(frozen=True, slots=True)
class SessionOver:
    """Record a session in which something was done; one of returns alone has no id."""

    session_id: str | None
    loans: int
    returns: int


@dataclass(frozen=True, slots=True)
class FencePad:
    """Ignore what lies on the pad until it has been lifted."""


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """Print what stands on the screen, then answer SlipPrinted."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Open the cabinet for a moment."""


Effect = (
    Lend
    | ReadAccount
    | Renew
    | TakeBack
    | Recount
    | SessionOver
    | FencePad
    | PrintSlip
    | Unlock
)


def class_message(book: Book) -> Message | None:
    """Words for a book that can't circulate, by its class."""
    if book.kind.circulates:
        return None
    params = {"n": book.missing} if book.kind is BookClass.INCOMPLETE else {}
    return Message(book.kind.value, params)
