"""A reader and a copy as answers need them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kiosk.domain.policy import Refusal
from kiosk.domain.values import Item, Loan, Patron


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hold whose reader still waits; `item` is empty if any copy will do.

    `ready`: the copy on the hold shelf; empty if there is none yet.
    """

    hold_id: str
    title_id: str
    title: str
    item: str
    ready: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """`card_id` and `card_works`: of the card that was shown. The name is masked.

    `refusal`: why nothing may be lent to them now. `limit`: copies at once,
    `hold_limit`: books to wait for.
    """

    patron: Patron
    card_id: str
    card_works: bool
    loans: tuple[Loan, ...]
    waiting: tuple[Waiting, ...]
    refusal: Refusal | None
    limit: int
    hold_limit: int
    today: dt.date

    @property
    def overdue(self) -> tuple[Loan, ...]:
        return tuple(loan for loan in self.loans if loan.due_on < self.today)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy as a machine asks for it; without an `item` the county does not know it.

    `kept_until`: it is on the hold shelf. `goes_to`: the number of the site that it has
    to go to, `goes_to_name` its name, `for_hold` because a reader waits for it there.
    `travels`: nobody can have it.
    """

    barcode: str
    item: Item | None
    title: str = ""
    loan: Loan | None = None
    queue: int = 0
    kept_until: dt.date | None = None
    goes_to: str = ""
    goes_to_name: str = ""
    for_hold: bool = False
    travels: bool = False
