"""What is on loan as far as this kiosk can know: the mirror ⊕ its own newer events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.holds import fits
from kiosk.domain.rules import Rules
from kiosk.domain.values import Hold, Item, Loan, county_day
from kiosk.service.ports import Ledger, Mirror, MirrorStatus, Moment
from sync.protocol import Clock, DecidedBy, Event, Kind, Mode, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Basis:
    """What the hub had told when something was decided."""

    rules: Rules | None
    status: MirrorStatus

    @property
    def rules_version(self) -> int:
        return self.rules.version if self.rules else 0


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Answers from both databases as if they were one.

    A question about many books costs as many queries as one about a single book.
    """

    ledger: Ledger
    mirror: Mirror

    def basis(self) -> Basis:
        return Basis(self.mirror.rules(), self.mirror.status())

    def loan_of(self, item: str) -> Loan | None:
        """The open loan of an item."""
        return self.loans_of_items([item]).get(item)

    def loans_of_items(self, items: Collection[str]) -> Mapping[str, Loan]:
        """The open loan of each of these items that is on loan, by barcode."""
        if not items:
            return {}
        # Own events first: should the mirror catch up with one in between, it is
        # applied twice, which changes nothing; the other way round it would be missed.
        own = self._unseen(self.ledger.events_of_items(items, self._settled_seq()))
        return overlay(self.mirror.loans_of_items(items).values(), own)

    def loans_of(self, patron_ref: str) -> tuple[Loan, ...]:
        """A patron's open loans, those returned here a moment ago left out."""
        mirrored = self.mirror.loans_of(patron_ref)
        own = self.ledger.events_of_patron(patron_ref, self._settled_seq())
        touched = {loan.item for loan in mirrored} | {
            event.item for event in own if event.item
        }
        loans = self.loans_of_items(sorted(touched)).values()
        return tuple(loan for loan in loans if loan.patron_ref == patron_ref)

    def holds_on(self, items: Collection[Item]) -> tuple[Hold, ...]:
        """Who waits for these items or their titles, the longest first.

        Not who has borrowed such a copy here since. That a copy came back here since
        is not known of it: two may then be kept for one reader, until the hub says more.
        """
        waiting = self.mirror.holds_on({item.title_id for item in items})
        return tuple(hold for hold in waiting if not self._has_come(hold))

    def unreported_loans(self, patron_ref: str) -> int:
        """How many open loans of this patron were made without the hub's word.

        One that the hub agreed to, or has judged since, does not count.
        """
        events = self.ledger.events_of_patron(patron_ref, self._settled_seq())
        verdicts = self.mirror.verdicts([event.event_id for event in events])
        unheard = [
            event
            for event in events
            if event.decided_by is DecidedBy.LOCAL
            and not _final(verdicts.get(event.event_id))
        ]
        return len(overlay([], unheard))

    def today(self, at: Moment) -> dt.date:
        """The day in the county; without a trusted clock the earliest that it can be.

        So a clock that is years ahead makes no card expire and no book overdue.
        """
        if at.quality is not Clock.GUESSED:
            return county_day(at.wall)
        synced_at, age = self.mirror.status().synced_at, self.mirror_age(at)
        if synced_at is None or age is None:
            return county_day(at.wall)
        return county_day(synced_at + age)

    def mirror_age(self, at: Moment) -> dt.timedelta | None:
        """How old the mirror is, None before it was ever complete.

        Without a trusted clock it is the time for which this machine surely ran since
        the hub's last answer: the true age is no less, and a clock that is years
        ahead locks nobody out.
        """
        status = self.mirror.status()
        if status.synced_at is None:
            return None
        if at.quality is not Clock.GUESSED:
            return at.wall - status.synced_at
        ran = {**self.ledger.uptimes_after(self._settled_seq())}
        ran[at.boot_id] = at.monotonic_ns
        if status.met_boot in ran:
            ran[status.met_boot] = max(ran[status.met_boot] - status.met_ns, 0)
        return dt.timedelta(microseconds=sum(ran.values()) // 1000)

    def holds_of(self, patron_ref: str) -> tuple[Hold, ...]:
        """What a patron waits for, the longest first; not what was lent here since."""
        holds = self.mirror.holds_of(patron_ref)
        return tuple(hold for hold in holds if not self._has_come(hold))

    def returned_here(self, patron_ref: str) -> tuple[Loan, ...]:
        """Loans that ended here, of which the hub has not said so yet."""
        still = {loan.loan_ref for loan in self.loans_of(patron_ref)}
        loans = self.mirror.loans_of(patron_ref)
        return tuple(loan for loan in loans if loan.loan_ref not in still)

    def _has_come(self, hold: Hold) -> bool:
        own = self._unseen(
            self.ledger.events_of_patron(hold.patron_ref, self._settled_seq())
        )
        lent = {event.item for event in own if event.item and _lends(event)}
        return any(fits(hold, item) for item in self.mirror.items(lent).values())

    def _settled_seq(self) -> int:
        status = self.mirror.status()
        return status.settled_seq if status.epoch == self.ledger.head().epoch else 0

    def _unseen(self, events: Sequence[Event]) -> list[Event]:
        """Events whose effect the mirror does not show yet."""
        if not events:
            return []
        shown = self.mirror.shown([event.event_id for event in events])
        return [event for event in events if event.event_id not in shown]


def overlay(loans: Iterable[Loan], own: Iterable[Event]) -> dict[str, Loan]:
    """Apply own events, in order, to loans keyed by item."""
    current = {loan.item: loan for loan in loans}
    for event in own:
        if event.item is None:
            continue
        if _renews(event):
            _renew(current, event)
        elif _lends(event):
            current[event.item] = _loan(event)
        elif event.kind is Kind.CHECKIN or _undoes(event, current.get(event.item)):
            current.pop(event.item, None)
    return current


def _final(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.outcome is not Outcome.DEFERRED


def _lends(event: Event) -> bool:
    """A checkout that is a fact, or the close that made an ask one."""
    if event.kind is Kind.CHECKOUT:
        return event.mode is Mode.FACT
    return event.kind is Kind.CONFIRMED and not _is_of_renewal(event)


def _renews(event: Event) -> bool:
    """A renewal that is a fact, or the close that made an ask one."""
    if event.kind is Kind.RENEW:
        return event.mode is Mode.FACT
    return event.kind is Kind.CONFIRMED and _is_of_renewal(event)


def _is_of_renewal(close: Event) -> bool:
    return close.payload.get("of") == Kind.RENEW


def _renew(current: dict[str, Loan], event: Event) -> None:
    """The patron keeps the book longer, if the day is known by now."""
    loan = current.get(event.item or "")
    if loan is None or loan.patron_ref != event.patron_ref:
        return
    due_on = _due_on(event) or loan.due_on
    current[loan.item] = replace(loan, due_on=due_on, renewed=loan.renewed + 1)


def _undoes(event: Event, loan: Loan | None) -> bool:
    return (
        event.kind is Kind.WITHDRAWN
        and not _is_of_renewal(event)
        and loan is not None
        and loan.loan_ref == event.loan_ref
    )


def _loan(event: Event) -> Loan:
    return Loan(
        loan_ref=event.loan_ref or event.event_id,
        item=event.item or "",
        patron_ref=event.patron_ref or "",
        loaned_at=event.occurred_at,
        # Without a trusted clock the date follows from the hub; until then not late.
        due_on=_due_on(event) or dt.date.max,
    )


def _due_on(event: Event) -> dt.date | None:
    day = event.payload.get("due_on")
    return dt.date.fromisoformat(day) if day else None
