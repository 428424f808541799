"""May this loan be kept longer? One rule for kiosk and hub."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from kiosk.domain.policy import Refusal, due_date
from kiosk.domain.rules import LoanRule, Rules


class Renewable(Protocol):
    """A loan as it stands: its last day, and how often it was renewed."""

    @property
    def due_on(self) -> dt.date: ...

    @property
    def renewed(self) -> int: ...


def renewals(rule: LoanRule) -> int:
    """How often a loan by this rule may be renewed."""
    return len(rule.periods_days) - 1


def renewed_until(
    rule: LoanRule, rules: Rules, today: dt.date, site_id: str = ""
) -> dt.date:
    """The last day of a loan that is renewed today at a site."""
    return due_date(today, rule.periods_days[min(1, renewals(rule))], rules, site_id)


def renewal_refusal(
    loan: Renewable,
    until: dt.date,
    most: int,
    today: dt.date,
    *,
    held: bool,
) -> Refusal | None:
    """Why it can't be renewed, if so. `most`: renewals; `held`: somebody waits for it."""
    if held:
        return Refusal("E-RENEW-HELD")
    if loan.due_on < today:
        return Refusal("E-RENEW-LATE")
    if not most:
        return Refusal("E-RENEW-TYPE")
    if loan.renewed >= most:
        return Refusal("E-RENEW-MAX", {"n": most})
    return None if until > loan.due_on else Refusal("E-RENEW-NOGAIN")
