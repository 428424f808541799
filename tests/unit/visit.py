"""A visit to the desk: inputs for the session step, and what comes of them."""

from __future__ import annotations

from kiosk.domain.session import (
    Book,
    BookClass,
    Effect,
    Input,
    Line,
    LoansSettled,
    Manners,
    PatronCame,
    Session,
    StackChanged,
    TagsSecured,
    Ticked,
    Touched,
    Visitor,
)
from kiosk.domain.step import step
from kiosk.domain.values import Patron, PatronState
from kiosk.view import Action, LineState

MANNERS = Manners(idle_s=60, warning_s=20)
VISITOR = Visitor(Patron("p1", "ADULT", PatronState.VALID, "张*华"), remaining=5)
OTHER = Visitor(Patron("p2", "ADULT", PatronState.VALID, "李*"), remaining=5)


def book(name: str, kind: BookClass = BookClass.OWN) -> Book:
    return Book(name, kind, barcode=name, title=f"Title {name}", uids=(f"E0{name}",))


A, B, C = book("A"), book("B"), book("C")
FOREIGN = book("F", BookClass.FOREIGN)


class Visit:
    """Plays inputs into the step and keeps the effects of each."""

    def __init__(self, manners: Manners = MANNERS) -> None:
        self.manners = manners
        self.state = Session()
        self.effects: list[Effect] = []
        self.now = 0.0

    def __call__(self, *events: Input) -> Visit:
        for event in events:
            self.state, effects = step(self.state, event, self.now, self.manners)
            self.effects = list(effects)
        return self

    def after(self, seconds: float) -> Visit:
        self.now += seconds
        return self(Ticked())


def tap(action: Action, value: str = "") -> Touched:
    return Touched(action, value)


def came(visitor: Visitor = VISITOR) -> PatronCame:
    return PatronCame(visitor, f"session-{visitor.patron.patron_ref}")


def stack(*books: Book, stable: bool = True) -> StackChanged:
    return StackChanged(books, stable)


def lent(*books: Book) -> LoansSettled:
    return LoansSettled(tuple(Line(each, LineState.WORKING) for each in books), "R-1")


def written(*books: Book) -> TagsSecured:
    return TagsSecured(
        frozenset(uid for each in books for uid in each.uids), frozenset()
    )


def failed(*books: Book) -> TagsSecured:
    return TagsSecured(
        frozenset(), frozenset(uid for each in books for uid in each.uids)
    )
