"""What the hub makes of a loan, an ask or a return: pure decisions.

An ask may be refused. A fact never is: the book has left, or is here. What the
rules say against it becomes a finding for staff.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kiosk.domain.policy import Refusal, due_date, may_lend
from kiosk.domain.rules import LoanRule, Rules
from kiosk.domain.values import COUNTY_TIME, Item, ItemState, Loan, Patron, Site
from sync.hub.facts import Fact, Finding, History, LoanRecord, Severity, side
from sync.protocol import Clock, Outcome

#: Terms where the rules have none for this patron or item, an unknown one say.
DEFAULT_TERMS = LoanRule(periods_days=(30,))
#: The type of an item that nobody has described yet.
DEFAULT_ITEM_TYPE = "BOOK"
#: A promised day may be this much later than any period: closed days, older rules.
PROMISE_SLACK = dt.timedelta(days=3)
#: Rules whose breach needs no attention: the next loan is refused by itself.
_MILD = {"E-LIMIT", "E-LIMIT-TYPE", "E-OVERDUE"}


@dataclass(frozen=True, slots=True)
class PatronLoan:
    """A loan of the patron with the type of its item."""

    loan: Loan
    item_type: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the hub knows when it judges an event; None where it knows nothing.

    `patron_loans` are those of other items at the time of the event, `home` is
    the site where the item belongs.
    """

    rules: Rules
    item: Item | None
    patron: Patron | None = None
    patron_loans: tuple[PatronLoan, ...] = ()
    home: Site | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """`kept`: the day that the kiosk promised holds, or it promised none."""

    due_on: dt.date
    renewals: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` and `params` as in `sync.protocol.Verdict`; findings become cases."""

    outcome: Outcome
    reason: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    due_on: dt.date | None = None
    findings: tuple[Finding, ...] = ()


ACCEPTED = Decision(Outcome.ACCEPTED)


def county_day(at: dt.datetime) -> dt.date:
    """The calendar day in the county."""
    return at.astimezone(COUNTY_TIME).date()


def terms(known: Known, day: dt.date, promised: dt.date | None, clock: Clock) -> Terms:
    """The terms of a loan made on this day: the promised date if it is sane."""
    rule = _loan_rule(known)
    own = due_date(day, rule.periods_days[0], known.rules)
    renewals = len(rule.periods_days) - 1
    if promised is None or clock is Clock.GUESSED:
        return Terms(own, renewals, kept=True)
    latest = due_date(day, max(rule.periods_days), known.rules) + PROMISE_SLACK
    if day <= promised <= latest:
        return Terms(promised, renewals, kept=True)
    return Terms(own, renewals, kept=False)


def decide_ask(fact: Fact, known: Known, before: History) -> Decision:
    """May this book be lent? The same rules as at the kiosk, on what the hub knows."""
    if known.patron is None:
        return Decision(Outcome.REFUSED, "E-CARD-UNKNOWN")
    if known.item is None:
        return Decision(Outcome.REFUSED, "E-ITEM-UNKNOWN")
    loan = before.open_loan
    refusal = _refusal(fact, known, as_loan(loan) if loan else None)
    if refusal:
        return Decision(Outcome.REFUSED, refusal.reason, refusal.params)
    return Decision(Outcome.ACCEPTED, due_on=fact.due_on)


def decide_loan(
    fact: Fact, known: Known, after: History, earlier: Sequence[Finding] = ()
) -> Decision:
    """A loan happened. `after` is the item's history with it, `earlier` adds to it."""
    findings = (
        *earlier,
        *_item_findings(fact, known),
        *_patron_findings(fact, known),
        *_own(after, fact),
    )
    begun = after.begun_by(fact.fact_id)
    due_on = begun.due_on if begun else _due_of_same_patron(fact, after)
    return _summed_up(findings, due_on)


def decide_return(
    fact: Fact, known: Known, after: History, earlier: Sequence[Finding] = ()
) -> Decision:
    """A return happened. It may have ended a loan or not; either is fine."""
    findings = (
        *earlier,
        *_item_findings(fact, known),
        *_stale_return(fact, after),
        *_own(after, fact),
    )
    if findings:
        return _summed_up(findings, None)
    if known.item is not None and known.item.home_site != fact.site_id:
        owner = known.home.name if known.home else known.item.home_site
        return Decision(
            Outcome.ACCEPTED_WITH_NOTICE, "return.other_site", {"owner": owner}
        )
    return ACCEPTED


def as_loan(record: LoanRecord) -> Loan:
    """The loan as kiosks mirror it."""
    return Loan(
        loan_ref=record.loan_ref,
        item=record.item,
        patron_ref=record.patron_ref,
        loaned_at=record.loaned_at,
        due_on=record.due_on,
    )


def _loan_rule(known: Known) -> LoanRule:
    if known.patron is None or known.item is None:
        return DEFAULT_TERMS
    key = f"{known.patron.patron_type}/{known.item.item_type}"
    rule = known.rules.loans.get(key)
    return rule if rule and rule.periods_days else DEFAULT_TERMS


def _refusal(fact: Fact, known: Known, item_loan: Loan | None) -> Refusal | None:
    """What the rules say against this loan; None if nothing, or nobody to ask about."""
    if known.patron is None or known.item is None:
        return None
    item_type = known.item.item_type
    decision = may_lend(
        known.patron,
        known.item,
        [one.loan for one in known.patron_loans],
        item_loan,
        known.rules,
        county_day(fact.at),
        same_type_loans=sum(one.item_type == item_type for one in known.patron_loans),
    )
    return decision if isinstance(decision, Refusal) else None


def _patron_findings(fact: Fact, known: Known) -> list[Finding]:
    if known.patron is None:
        return [_finding("patron_unknown", Severity.HIGH, fact)]
    refusal = _refusal(fact, known, None)
    if refusal is None:
        return []
    severity = Severity.LOW if refusal.reason in _MILD else Severity.MEDIUM
    return [
        _finding("lent_against_rules", severity, fact, rule=refusal.reason),
    ]


def _item_findings(fact: Fact, known: Known) -> list[Finding]:
    if known.item is None:
        return [_finding("item_unknown", Severity.MEDIUM, fact)]
    if known.item.state is ItemState.LOST:
        return [_finding("item_found", Severity.LOW, fact)]
    return []


def _stale_return(fact: Fact, after: History) -> list[Finding]:
    """It came so late that the item is lent again already: that loan stays."""
    if after.ended_by(fact.fact_id):
        return []
    later = [loan for loan in after.loans if loan.loaned_at > fact.at]
    if not later:
        return []
    kept = {"event_id": later[0].loan_id, "at": later[0].loaned_at.isoformat()}
    return [_finding("return_stale", Severity.LOW, fact, kept=kept)]


def _due_of_same_patron(fact: Fact, after: History) -> dt.date | None:
    """A loan to somebody who had the item already lives on in the earlier loan."""
    loan = after.open_loan
    same = loan is not None and loan.patron_ref == fact.patron_ref
    return loan.due_on if loan and same else None


def _own(after: History, fact: Fact) -> list[Finding]:
    return [one for one in after.findings if one.event_id == fact.fact_id]


def _finding(kind: str, severity: Severity, fact: Fact, **details: object) -> Finding:
    return Finding(kind, severity, fact.fact_id, {"event": side(fact), **details})


def _summed_up(findings: Sequence[Finding], due_on: dt.date | None) -> Decision:
    """The gravest finding speaks for all."""
    if not findings:
        return Decision(Outcome.ACCEPTED, due_on=due_on)
    grave = [one for one in findings if one.severity is Severity.HIGH]
    return Decision(
        Outcome.NEEDS_STAFF if grave else Outcome.ACCEPTED_WITH_NOTICE,
        (grave or findings)[0].kind,
        due_on=due_on,
        findings=tuple(findings),
    )
