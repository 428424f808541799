"""An item's loans as a pure function of the facts known about it.

Kiosks are offline for weeks, so facts arrive in any order. Nothing is therefore
decided by arrival: whenever a fact is added, the item's whole history is played
again in the order in which things happened. The physical fact wins: a book that
was on a pad was there, whoever had it on loan.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby, pairwise
from operator import attrgetter

from sync.protocol import Clock

#: How far a recorded time may be off. A Pi without a clock resumes at the time of
#: its last shutdown, so a guess may be days behind.
UNCERTAINTY = {
    Clock.SYNCED: dt.timedelta(seconds=5),
    Clock.RTC: dt.timedelta(minutes=10),
    Clock.GUESSED: dt.timedelta(days=7),
}


class Move(enum.StrEnum):
    LEND = "lend"
    RETURN = "return"


class Standing(enum.StrEnum):
    """FIRM happened. ASKED only reserves. REFUSED and WITHDRAWN did not happen."""

    FIRM = "firm"
    ASKED = "asked"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class HowClosed(enum.StrEnum):
    RETURNED = "returned"
    UNRECORDED = "unrecorded"  # lent to somebody else, so it must have come back


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


def replay(facts: Iterable[Fact]) -> History:
    """Play one item's facts in the order in which they happened."""
    shelf = _Shelf()
    for fact in in_order(facts):
        match fact.move:
            case Move.LEND:
                shelf.lend(fact)
            case Move.RETURN:
                shelf.take_back(fact)
    return shelf.history()


_Key = tuple[dt.datetime, str, str, int, int]


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Sort by corrected time; the same for every order of arrival.

    The order of one device is never reversed, and a return that quotes a loan
    comes after it, whatever the clocks said.
    """
    counted = [f for f in facts if f.standing in {Standing.FIRM, Standing.ASKED}]
    clocked = _keys_by_device(counted)
    begun = _first_by_reference(counted, clocked)
    keys = {fact.fact_id: _after_its_loan(fact, clocked, begun) for fact in counted}
    ordered = sorted(counted, key=lambda fact: keys[fact.fact_id])
    return tuple(replace(fact, at=keys[fact.fact_id][0][0]) for fact in ordered)


def _first_by_reference(
    facts: Sequence[Fact], clocked: Mapping[str, _Key]
) -> dict[str, _Key]:
    """Where each quotable loan began; the earliest if two share a reference."""
    begun: dict[str, _Key] = {}
    for fact in facts:
        if fact.move is Move.LEND and fact.loan_ref:
            own = clocked[fact.fact_id]
            begun[fact.loan_ref] = min(begun.get(fact.loan_ref, own), own)
    return begun


def _after_its_loan(
    fact: Fact, clocked: Mapping[str, _Key], begun: Mapping[str, _Key]
) -> tuple[_Key, _Key]:
    """Where a fact belongs, and its own time to tell it from others there."""
    own = clocked[fact.fact_id]
    if fact.move is Move.LEND or fact.loan_ref not in begun:
        return own, own
    at, kiosk_id, epoch, seq, _ = begun[fact.loan_ref]
    return max(own, (at, kiosk_id, epoch, seq, 1)), own


def _keys_by_device(facts: Sequence[Fact]) -> dict[str, _Key]:
    by_device = sorted(facts, key=attrgetter("kiosk_id", "epoch", "seq"))
    keys: dict[str, _Key] = {}
    for (kiosk_id, epoch), group in groupby(by_device, attrgetter("kiosk_id", "epoch")):
        own = list(group)
        for fact, at in zip(own, _rising_times(own), strict=True):
            keys[fact.fact_id] = (at, kiosk_id, epoch, fact.seq, 0)
    return keys


def _rising_times(own: Sequence[Fact]) -> Iterable[dt.datetime]:
    """One device's times in the order of its numbers; a guess gives way first."""
    times = [fact.at for fact in own]
    for earlier, later in reversed(list(pairwise(range(len(own))))):
        if own[earlier].clock is Clock.GUESSED:
            times[earlier] = min(times[earlier], times[later])
    return accumulate(times, max)


class _Shelf:
    """Where the item is while its history is played."""

    def __init__(self) -> None:
        self._closed: list[LoanRecord] = []
        self._findings: list[Finding] = []
        self._open: LoanRecord | None = None
        self._begun: Fact | None = None
        self._idle_return: Fact | None = None
        self._location: str | None = None

    def history(self) -> History:
        still_open = (self._open,) if self._open else ()
        return History(
            loans=(*self._closed, *still_open),
            location=self._location,
            findings=tuple(self._findings),
        )

    def lend(self, fact: Fact) -> None:
        if fact.standing is Standing.ASKED:
            self._reserve(fact)
            return
        self._location = fact.site_id
        if self._open is None or self._open.provisional:
            self._doubt_idle_return(fact)
            self._begin(fact)
        elif self._open.patron_ref == fact.patron_ref:
            self._renew(self._open, fact)
        else:
            self._displace(self._open, fact)

    def take_back(self, fact: Fact) -> None:
        self._location = fact.site_id
        if self._open is None:
            self._idle_return = fact
        elif self._open.provisional:
            self._open = None  # it was never lent: here it is
        else:
            self._close(self._open, fact, HowClosed.RETURNED)

    def _reserve(self, fact: Fact) -> None:
        """A reservation never ends a loan; a loan ends a reservation."""
        if self._open is None:
            self._begin(fact)

    def _begin(self, fact: Fact) -> None:
        self._idle_return = None
        self._begun = fact
        self._open = LoanRecord(
            loan_id=fact.fact_id,
            loan_ref=fact.loan_ref,
            item=fact.item,
            patron_ref=fact.patron_ref,
            loaned_at=fact.at,
            due_on=fact.due_on,
            loan_site=fact.site_id,
            provisional=fact.standing is Standing.ASKED,
        )

    def _close(self, loan: LoanRecord, fact: Fact, how: HowClosed) -> None:
        self._closed.append(
            replace(
                loan,
                returned_at=max(fact.at, loan.loaned_at),
                return_site=fact.site_id,
                closed_by=fact.fact_id,
                how_closed=how,
            )
        )
        self._open = None

    def _renew(self, loan: LoanRecord, fact: Fact) -> None:
        """The same patron borrows it again: a renewal, if one is left; never shorter."""
        allowed = loan.renewed < fact.renewals and fact.due_on > loan.due_on
        if allowed:
            self._open = replace(loan, renewed=loan.renewed + 1, due_on=fact.due_on)
        kind = "loan_renewed_by_loan" if allowed else "loan_repeated"
        self._find(kind, Severity.LOW, fact, loan)

    def _displace(self, loan: LoanRecord, fact: Fact) -> None:
        """Lent while on loan to somebody else: it was here, so it had come back."""
        sure = self._begun is None or certainly_ordered(self._begun, fact)
        self._find(
            "loan_displaced" if sure else "loans_overlap",
            Severity.MEDIUM if sure else Severity.HIGH,
            fact,
            loan,
        )
        self._close(loan, fact, HowClosed.UNRECORDED)
        self._begin(fact)

    def _doubt_idle_return(self, fact: Fact) -> None:
        """A return just before the loan may in truth have ended it."""
        idle = self._idle_return
        if idle and not certainly_ordered(idle, fact):
            sides = {"return": side(idle), "loan": side(fact)}
            self._findings.append(
                Finding("return_or_loan_first", Severity.HIGH, idle.fact_id, sides)
            )

    def _find(
        self, kind: str, severity: Severity, fact: Fact, loan: LoanRecord
    ) -> None:
        earlier = {
            "event_id": loan.loan_id,
            "patron_ref": loan.patron_ref,
            "site_id": loan.loan_site,
            "at": loan.loaned_at.isoformat(),
            "due_on": loan.due_on.isoformat(),
        }
        sides = {"before": earlier, "event": side(fact)}
        self._findings.append(Finding(kind, severity, fact.fact_id, sides))


def certainly_ordered(one: Fact, other: Fact) -> bool:
    """Tell whether their clocks leave no doubt which of two facts was first."""
    if (one.kiosk_id, one.epoch) == (other.kiosk_id, other.epoch):
        return True
    doubt = UNCERTAINTY[one.clock] + UNCERTAINTY[other.clock]
    return abs(one.at - other.at) > doubt


def side(fact: Fact) -> dict[str, object]:
    """A fact as one side of a case."""
    return {
        "event_id": fact.fact_id,
        "patron_ref": fact.patron_ref,
        "site_id": fact.site_id,
        "at": fact.at.isoformat(),
        "clock": fact.clock.value,
    }
