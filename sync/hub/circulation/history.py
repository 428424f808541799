"""An item's loans as a pure function of the facts known about it.

Kiosks are offline for weeks, so facts arrive in any order. Nothing is therefore
decided by arrival: whenever a fact is added, the item's whole history is played
again in the order in which things happened. The physical fact wins: a book that
was on a pad was there, whoever had it on loan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sync.hub.circulation.facts import (
    Fact,
    Finding,
    History,
    HowClosed,
    LoanRecord,
    Move,
    Severity,
    Standing,
    side,
)
from sync.hub.circulation.ordering import certainly_ordered, in_order


def replay(facts: Iterable[Fact]) -> History:
    """Play one item's facts in the order in which they happened.

    Only what happened counts: an ask without a close leaves no trace.
    """
    shelf = _Shelf()
    for fact in in_order(fact for fact in facts if fact.standing is Standing.FIRM):
        match fact.move:
            case Move.LEND:
                shelf.lend(fact)
            case Move.RETURN:
                shelf.take_back(fact)
            case Move.RENEW:
                shelf.renew(fact)
            case Move.HOLD:
                pass  # it concerns whoever borrows next: see `holds.py`
    return shelf.history()


class _Shelf:
    """Where the item is while its history is played."""

    def __init__(self) -> None:
        self._closed: list[LoanRecord] = []
        self._findings: list[Finding] = []
        self._open: LoanRecord | None = None
        self._begun: Fact | None = None
        self._idle_return: Fact | None = None
        self._stale_return: Fact | None = None
        self._came_back = False  # since it was last lent
        self._location: str | None = None

    def history(self) -> History:
        still_open = (self._open,) if self._open else ()
        return History(
            loans=(*self._closed, *still_open),
            location=self._location,
            findings=tuple(self._findings),
        )

    def lend(self, fact: Fact) -> None:
        self._location = fact.site_id
        if self._open is None:
            self._doubt_idle_return(fact)
            self._begin(fact)
        elif self._open.patron_ref == fact.patron_ref:
            self._lend_again(self._open, fact)
        else:
            self._displace(self._open, fact)

    def take_back(self, fact: Fact) -> None:
        self._location = fact.site_id
        if self._open is None:
            self._doubt_again(fact)
        else:
            self._close(self._open, fact, HowClosed.RETURNED)
        self._came_back = True

    def renew(self, fact: Fact) -> None:
        """A renewal of somebody else's loan, or of none, changes nothing."""
        loan = self._open
        if loan is None or loan.patron_ref != fact.patron_ref:
            self._find("renewal_without_loan", Severity.LOW, fact, loan)
        elif not self._extend(loan, fact):
            self._find("renewal_not_given", Severity.LOW, fact, loan)

    def _begin(self, fact: Fact) -> None:
        self._idle_return = self._stale_return = None
        self._came_back = False
        self._begun = fact
        self._open = LoanRecord(
            loan_id=fact.fact_id,
            loan_ref=fact.loan_ref,
            item=fact.item,
            patron_ref=fact.patron_ref,
            loaned_at=fact.at,
            due_on=fact.due_on,
            loan_site=fact.site_id,
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

    def _lend_again(self, loan: LoanRecord, fact: Fact) -> None:
        """The same patron borrows it again: a renewal, if one is left."""
        extended = self._extend(loan, fact)
        kind = "loan_renewed_by_loan" if extended else "loan_repeated"
        self._find(kind, Severity.LOW, fact, loan)

    def _extend(self, loan: LoanRecord, fact: Fact) -> bool:
        """Renew if a renewal is left and makes it longer; False if nothing changed."""
        if loan.renewed >= fact.renewals or fact.due_on <= loan.due_on:
            return False
        self._open = replace(loan, renewed=loan.renewed + 1, due_on=fact.due_on)
        return True

    def _displace(self, loan: LoanRecord, fact: Fact) -> None:
        """Lent while on loan to somebody else: it was here, so it had come back."""
        begun = self._begun or fact
        sure = certainly_ordered(begun, fact)
        if not (begun.placed and fact.placed):
            self._find(
                "loan_displaced" if sure else "loans_overlap",
                Severity.MEDIUM if sure else Severity.HIGH,
                fact,
                loan,
            )
        self._close(loan, fact, HowClosed.UNRECORDED)
        self._begin(fact)

    def _doubt_again(self, fact: Fact) -> None:
        """It was in already; who brings a book twice is not late with it."""
        self._idle_return = fact
        if not self._came_back:
            self._stale_return = fact

    def _doubt_idle_return(self, fact: Fact) -> None:
        """A return just before the loan may in truth have ended it."""
        idle, stale = self._idle_return, self._stale_return
        if idle and not certainly_ordered(idle, fact):
            self._find_pair("return_or_loan_first", Severity.HIGH, idle, fact)
        elif stale and stale.received_at > fact.received_at and not fact.placed:
            self._find_pair("return_stale", Severity.LOW, stale, fact)

    def _find_pair(
        self, kind: str, severity: Severity, returned: Fact, lent: Fact
    ) -> None:
        sides = {"return": side(returned), "loan": side(lent)}
        self._findings.append(Finding(kind, severity, returned.fact_id, sides))

    def _find(
        self, kind: str, severity: Severity, fact: Fact, loan: LoanRecord | None
    ) -> None:
        sides: dict[str, object] = {"event": side(fact)}
        if loan is not None:
            sides["before"] = {
                "event_id": loan.loan_id,
                "patron_ref": loan.patron_ref,
                "site_id": loan.loan_site,
                "at": loan.loaned_at.isoformat(),
                "due_on": loan.due_on.isoformat(),
            }
        self._findings.append(Finding(kind, severity, fact.fact_id, sides))
