"""What is on loan as far as this kiosk can know: the mirror ⊕ its own newer events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kiosk.domain.values import COUNTY_TIME, Loan
from kiosk.service.ports import Ledger, Mirror
from sync.protocol import Event, Kind, Mode, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Answers from both databases as if they were one."""

    ledger: Ledger
    mirror: Mirror

    def loan_of(self, item: str) -> Loan | None:
        """The open loan of an item."""
        loan = self.mirror.loan_of(item)
        own = self._unseen(self.ledger.events_of_item(item, self._settled_seq()))
        return overlay([loan] if loan else [], own).get(item)

    def loans_of(self, patron_ref: str) -> tuple[Loan, ...]:
        """A patron's open loans, those returned here a moment ago left out."""
        after = self._settled_seq()
        mirrored = self.mirror.loans_of(patron_ref)
        own = list(self.ledger.events_of_patron(patron_ref, after))
        for loan in mirrored:
            own += self.ledger.events_of_item(loan.item, after)
        events = sorted({event.seq: event for event in own}.items())
        loans = overlay(mirrored, self._unseen([event for _, event in events]))
        return tuple(
            loan
            for loan in loans.values()
            if loan.patron_ref == patron_ref and self.loan_of(loan.item) == loan
        )

    def unreported_loans(self, patron_ref: str) -> int:
        """How many loans of this patron the hub has not judged yet."""
        events = self.ledger.events_of_patron(patron_ref, self._settled_seq())
        return len(overlay([], self._unseen(events)))

    def _settled_seq(self) -> int:
        status = self.mirror.status()
        return status.settled_seq if status.epoch == self.ledger.head().epoch else 0

    def _unseen(self, events: Sequence[Event]) -> list[Event]:
        """Events whose effect the mirror does not show yet."""
        if not events:
            return []
        cursor = self.mirror.status().cursor
        verdicts = self.mirror.verdicts([event.event_id for event in events])
        return [
            event
            for event in events
            if not _shown(verdicts.get(event.event_id), cursor)
        ]


def overlay(loans: Iterable[Loan], own: Iterable[Event]) -> dict[str, Loan]:
    """Apply own events, in order, to loans keyed by item."""
    current = {loan.item: loan for loan in loans}
    for event in own:
        if event.item is None:
            continue
        if _lends(event):
            current[event.item] = _loan(event)
        elif event.kind is Kind.CHECKIN or _undoes(event, current.get(event.item)):
            current.pop(event.item, None)
    return current


def _shown(verdict: Verdict | None, cursor: int) -> bool:
    return (
        verdict is not None
        and verdict.outcome is not Outcome.DEFERRED
        and verdict.feed_version <= cursor
    )


def _lends(event: Event) -> bool:
    """A checkout that is a fact, or the close that made an ask one."""
    if event.kind is Kind.CHECKOUT:
        return event.mode is Mode.FACT
    return event.kind is Kind.CONFIRMED


def _undoes(event: Event, loan: Loan | None) -> bool:
    return (
        event.kind is Kind.WITHDRAWN
        and loan is not None
        and loan.loan_ref == event.loan_ref
    )


def _loan(event: Event) -> Loan:
    due_on = event.payload.get("due_on")
    return Loan(
        loan_ref=event.loan_ref or event.event_id,
        item=event.item or "",
        patron_ref=event.patron_ref or "",
        loaned_at=event.occurred_at,
        # Without a trusted clock the date follows from the hub; until then not late.
        due_on=dt.date.fromisoformat(due_on) if due_on else dt.date.max,
    )


def county_day(moment: dt.datetime) -> dt.date:
    """The calendar day in the county."""
    return moment.astimezone(COUNTY_TIME).date()
