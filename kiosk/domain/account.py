"""What a reader sees of the own affairs: loans, books that came back, holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kiosk.domain.policy import Grant, Refusal
from kiosk.domain.values import Loan


@dataclass(frozen=True, slots=True)
class OnLoan:
    """A book in the reader's hands. `renewal`: what would come of renewing it today."""

    loan: Loan
    title: str
    author: str
    renewal: Grant | Refusal

    @property
    def can_renew(self) -> bool:
        return isinstance(self.renewal, Grant)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hold of the reader.

    `ready_at`: the name of the site where the book lies, empty for this one; None
    while it has not come. `keep_until`: the last day to fetch it, if known.
    """

    title: str
    ready_at: str | None = None
    keep_until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """`loans`: what is due first comes first; `today` is the day they are seen on.

    `returned`: titles of books that were returned here, which the hub has not noted yet.
    """

    today: dt.date
    loans: tuple[OnLoan, ...] = ()
    returned: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    @property
    def renewable(self) -> tuple[OnLoan, ...]:
        return tuple(one for one in self.loans if one.can_renew)
