"""How long an item may be kept: pure functions of the rules and the day of the loan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from kiosk.domain.policy import due_date
from kiosk.domain.rules import LoanRule, Rules
from kiosk.domain.values import county_day
from sync.hub.circulation.facts import Fact, Move, Records
from sync.protocol import Clock

#: Terms where the rules have none for this patron or item, an unknown one say.
DEFAULT_TERMS = LoanRule(periods_days=(30,))
#: A promised day may be this much later than any period: closed days, older rules.
PROMISE_SLACK = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Terms:
    """`kept`: the day that the kiosk promised holds, or it promised none."""

    due_on: dt.date
    renewals: int
    kept: bool


def with_terms(fact: Fact, rules: Rules) -> Fact:
    """Work out when a loan or renewal is due; a fact of another kind has no terms."""
    if fact.move not in {Move.LEND, Move.RENEW}:
        return fact
    rule = loan_rule(fact.records, rules)
    agreed = terms(
        rule,
        rules,
        fact.site_id,
        county_day(fact.at),
        fact.promised if fact.clock is not Clock.GUESSED else None,
        renewal=fact.move is Move.RENEW,
    )
    return replace(
        fact, due_on=agreed.due_on, renewals=agreed.renewals, kept=agreed.kept
    )


def terms(
    rule: LoanRule,
    rules: Rules,
    site_id: str,
    day: dt.date,
    promised: dt.date | None,
    *,
    renewal: bool = False,
) -> Terms:
    """The terms from this day on: the promised date if it is sane, else our own."""
    periods = rule.periods_days
    days = periods[1] if renewal and len(periods) > 1 else periods[0]
    own = due_date(day, days, rules, site_id)
    latest = due_date(day, max(periods), rules, site_id) + PROMISE_SLACK
    sane = promised is not None and day <= promised <= latest
    return Terms(
        due_on=promised if promised is not None and sane else own,
        renewals=len(periods) - 1,
        kept=promised is None or sane,
    )


def loan_rule(records: Records, rules: Rules) -> LoanRule:
    """The rule for this patron and item, or that for the unknown."""
    if records.patron is None or records.item is None:
        return DEFAULT_TERMS
    key = f"{records.patron.patron_type}/{records.item.item_type}"
    rule = rules.loans.get(key)
    return rule if rule and rule.periods_days else DEFAULT_TERMS
