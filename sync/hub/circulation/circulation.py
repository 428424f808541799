"""What the hub answers to a loan, an ask or a return: pure decisions.

An ask may be refused. A fact never is: the book has left, or is here. What the
rules say against it is found when the facts are looked at, and the answer names it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kiosk.domain.policy import Refusal, may_lend
from kiosk.domain.renewals import renewal_refusal
from kiosk.domain.rules import Rules
from kiosk.domain.values import Loan, county_day
from sync.hub.circulation.facts import Fact, Finding, History, LoanRecord, Severity
from sync.protocol import Outcome


@dataclass(frozen=True, slots=True)
class PatronLoan:
    """A loan of the patron, or a book granted to one, with the type of its item."""

    loan: Loan
    item_type: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the hub knows when it is asked for a book.

    `open_loan` is the item's, `reserved_by` another reader to whom the item was
    granted a moment ago, `held`: somebody else waits for it. `patron_loans` are
    those of other items, granted ones included.
    """

    rules: Rules
    open_loan: LoanRecord | None = None
    reserved_by: str | None = None
    held: bool = False
    patron_loans: tuple[PatronLoan, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What a return may have to be told. `home` and `held_at`: a site's name."""

    home: str | None = None
    held_at: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` and `params` as in `sync.protocol.Verdict`."""

    outcome: Outcome
    reason: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    due_on: dt.date | None = None


ACCEPTED = Decision(Outcome.ACCEPTED)


def decide_ask(fact: Fact, asked: Asked) -> Decision:
    """May this book be lent? The same rules as at the kiosk, on what the hub knows."""
    patron, item = fact.records.patron, fact.records.item
    if patron is None:
        return _refused("E-CARD-UNKNOWN")
    if item is None:
        return _refused("E-ITEM-UNKNOWN")
    refusal = may_lend(
        patron,
        item,
        [one.loan for one in asked.patron_loans],
        as_loan(asked.open_loan) if asked.open_loan else None,
        asked.rules,
        county_day(fact.at),
        same_type_loans=sum(
            one.item_type == item.item_type for one in asked.patron_loans
        ),
        site_id=fact.site_id,
    )
    if isinstance(refusal, Refusal):
        return _refused(refusal.reason, refusal.params)
    if asked.reserved_by is not None:
        return _refused("E-ITEM-OTHERLOAN")
    if asked.held:
        return _refused("E-ITEM-HELD")
    return Decision(Outcome.ACCEPTED, due_on=fact.due_on)


def decide_renewal_ask(fact: Fact, asked: Asked) -> Decision:
    """May this loan be renewed? Only if that makes it longer."""
    loan = asked.open_loan
    if loan is None:
        return _refused("E-GENERIC")
    if loan.patron_ref != fact.patron_ref:
        return _refused("E-ITEM-OTHERLOAN")
    refusal = renewal_refusal(
        loan, fact.due_on, fact.renewals, county_day(fact.at), held=asked.held
    )
    if refusal is not None:
        return _refused(refusal.reason, refusal.params)
    return Decision(Outcome.ACCEPTED, due_on=fact.due_on)


def decide_loan(
    fact: Fact, after: History, findings: Sequence[Finding] = ()
) -> Decision:
    """A loan or renewal happened. `after` is the item's history with it."""
    begun = after.begun_by(fact.fact_id)
    due_on = begun.due_on if begun else _due_of_same_patron(fact, after)
    return _summed_up(_own(findings, fact), due_on)


def decide_return(
    fact: Fact, after: History, findings: Sequence[Finding], told: Returned
) -> Decision:
    """A return happened. It may have ended a loan or not; either is fine."""
    own = _own(findings, fact)
    if not _grave(own) and told.held_at is not None:
        return _noticed("return.hold", {"site": told.held_at})
    if own:
        return _summed_up(own, None)
    if _stale(fact, after):
        return _noticed("return_stale", {})
    if told.home is not None:
        return _noticed("return.other_site", {"owner": told.home})
    return ACCEPTED


def as_loan(record: LoanRecord) -> Loan:
    """The loan as kiosks mirror it."""
    return Loan(
        loan_ref=record.loan_ref,
        item=record.item,
        patron_ref=record.patron_ref,
        loaned_at=record.loaned_at,
        due_on=record.due_on,
        renewed=record.renewed,
    )


def _refused(reason: str, params: Mapping[str, object] | None = None) -> Decision:
    return Decision(Outcome.REFUSED, reason, params or {})


def _noticed(reason: str, params: Mapping[str, object]) -> Decision:
    return Decision(Outcome.ACCEPTED_WITH_NOTICE, reason, params)


def _stale(fact: Fact, after: History) -> bool:
    """It came so late that the item is lent again already: that loan stays."""
    ended = after.ended_by(fact.fact_id)
    return ended is None and any(loan.loaned_at > fact.at for loan in after.loans)


def _due_of_same_patron(fact: Fact, after: History) -> dt.date | None:
    """Another loan to somebody who had the item already lives on in the earlier one."""
    loan = after.open_loan
    same = loan is not None and loan.patron_ref == fact.patron_ref
    return loan.due_on if loan and same else None


def _own(findings: Sequence[Finding], fact: Fact) -> list[Finding]:
    return [one for one in findings if one.event_id == fact.fact_id]


def _grave(findings: Sequence[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.HIGH]


def _summed_up(findings: Sequence[Finding], due_on: dt.date | None) -> Decision:
    """The gravest finding speaks for all."""
    if not findings:
        return Decision(Outcome.ACCEPTED, due_on=due_on)
    grave = _grave(findings)
    return Decision(
        Outcome.NEEDS_STAFF if grave else Outcome.ACCEPTED_WITH_NOTICE,
        (grave or findings)[0].kind,
        due_on=due_on,
    )
