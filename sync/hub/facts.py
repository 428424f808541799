"""What is known about an item: facts as recorded, the loans and findings they make."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.protocol import Clock


class Move(enum.StrEnum):
    """Which way the item went over the desk."""

    LEND = "lend"
    RETURN = "return"


class Standing(enum.StrEnum):
    """FIRM happened. ASKED only reserves. REFUSED and WITHDRAWN did not happen."""

    FIRM = "firm"
    ASKED = "asked"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class HowClosed(enum.StrEnum):
    """UNRECORDED: lent to somebody else, so it must have come back."""

    RETURNED = "returned"
    UNRECORDED = "unrecorded"


class Severity(enum.StrEnum):
    """HIGH: the county has to decide. MEDIUM: staff should look. LOW: a note."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Fact:
    """One loan or return as a kiosk recorded it.

    `at` is the corrected time, `clock` how good it is. `patron_ref`, `due_on` and
    `renewals` (how many are allowed) belong to loans; a return may quote a `loan_ref`.
    """

    fact_id: str
    item: str
    move: Move
    standing: Standing
    at: dt.datetime
    clock: Clock
    kiosk_id: str
    epoch: str
    seq: int
    site_id: str
    patron_ref: str = ""
    loan_ref: str = ""
    due_on: dt.date = dt.date.max
    renewals: int = 0


@dataclass(frozen=True, slots=True)
class LoanRecord:
    """A loan, open or closed. `loan_id` is the fact that began it."""

    loan_id: str
    loan_ref: str
    item: str
    patron_ref: str
    loaned_at: dt.datetime
    due_on: dt.date
    loan_site: str
    provisional: bool = False
    renewed: int = 0
    returned_at: dt.datetime | None = None
    return_site: str | None = None
    closed_by: str | None = None
    how_closed: HowClosed | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something staff should know about one event; becomes a case.

    `sides` holds what each side says, as values that JSON can carry.
    """

    kind: str
    severity: Severity
    event_id: str
    sides: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """Loans oldest first; `location` is the site where the item was last handled."""

    loans: tuple[LoanRecord, ...] = ()
    location: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def open_loan(self) -> LoanRecord | None:
        """The loan that nothing has ended yet, a reservation included."""
        last = self.loans[-1] if self.loans else None
        return last if last and last.returned_at is None else None

    def begun_by(self, fact_id: str) -> LoanRecord | None:
        return next((one for one in self.loans if one.loan_id == fact_id), None)

    def ended_by(self, fact_id: str) -> LoanRecord | None:
        return next((one for one in self.loans if one.closed_by == fact_id), None)


def side(fact: Fact) -> dict[str, object]:
    """A fact as one side of a case."""
    return {
        "event_id": fact.fact_id,
        "patron_ref": fact.patron_ref,
        "site_id": fact.site_id,
        "at": fact.at.isoformat(),
        "clock": fact.clock.value,
    }
