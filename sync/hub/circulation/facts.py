"""What is known about an item: facts as recorded, the loans and findings they make."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.domain.values import Item, Patron
from sync.protocol import Clock

#: Stand for times that nobody knows.
#: Stands before the name of another maker's machine where a kiosk would be named.
MACHINE = "sip2:"
_BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
_END = dt.datetime.max.replace(tzinfo=dt.UTC)


class Move(enum.StrEnum):
    """What became of the item. HOLD: somebody waits for it, or for its title."""

    LEND = "lend"
    RETURN = "return"
    RENEW = "renew"
    HOLD = "hold"


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
class Records:
    """What the county's records said when a fact came; None where they had nothing.

    They are kept with the fact: what staff change later, a card that is suspended
    say, sheds no new light on a loan of last year.
    """

    rules_version: int = 0
    patron: Patron | None = None
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One loan, return, renewal or hold as a kiosk recorded it.

    `at` is the corrected time, which surely lies between `earliest` and `latest`,
    `clock` how good it is, and `believed` is False where the time of arrival had to
    stand for it. `promised` is the day that the reader was told. A return may quote a
    `loan_ref`. `title_id` belongs to holds, whose `item` is empty if any copy will do.
    `withdrawn` of a FIRM one: it was closed both ways.

    `due_on`, `renewals` (how many are allowed) and `kept` (the promise was sane) are
    not recorded but worked out: see `terms.with_terms`. `placed`: staff have said
    when it happened, see `rulings.py`.
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
    title_id: str = ""
    promised: dt.date | None = None
    withdrawn: bool = False
    believed: bool = True
    earliest: dt.datetime = _BEGINNING
    latest: dt.datetime = _END
    received_at: dt.datetime = _END
    records: Records = Records()
    due_on: dt.date = dt.date.max
    renewals: int = 0
    kept: bool = True
    placed: bool = False

    @property
    def place(self) -> Place:
        """Where it stands among all facts of the county."""
        return (self.at, self.kiosk_id, self.epoch, self.seq)


#: Time, and for equal times kiosk, epoch and seq.
Place = tuple[dt.datetime, str, str, int]


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
        """The loan that nothing has ended yet."""
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


def provisional_title(barcode: str) -> str:
    """The title of an item that nobody has described yet."""
    return f"provisional-{barcode}"
