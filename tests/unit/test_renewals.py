"""One rule for kiosk and hub: may a loan be kept longer?"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kiosk.domain.renewals import renewal_refusal, renewals, renewed_until
from kiosk.domain.rules import Calendar, CredentialRule, LoanRule, Rules
from kiosk.domain.values import Loan

TODAY = dt.date(2026, 5, 4)
DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 4, 10, 4, tzinfo=dt.UTC)
RULES = Rules(1, {}, {}, CredentialRule("00"))


def loan(**changes: Any) -> Loan:
    values: dict[str, Any] = {"due_on": TODAY + 3 * DAY, "renewed": 0} | changes
    return Loan("L1", "B1", "P1", NOON, **values)


def reason(known: Loan, *, most: int = 1, held: bool = False) -> str | None:
    found = renewal_refusal(known, TODAY + 15 * DAY, most, TODAY, held=held)
    return found.reason if found else None


def test_loan_with_a_renewal_left_is_renewed() -> None:
    assert reason(loan()) is None


def test_loan_is_renewed_on_its_last_day_and_not_after_it() -> None:
    assert reason(loan(due_on=TODAY)) is None
    assert reason(loan(due_on=TODAY - DAY)) == "E-RENEW-LATE"


@pytest.mark.parametrize(
    ("known", "most", "held", "why"),
    [
        (loan(), 1, True, "E-RENEW-HELD"),
        (loan(renewed=1), 1, False, "E-RENEW-MAX"),
        (loan(), 0, False, "E-RENEW-TYPE"),
        (loan(due_on=TODAY + 15 * DAY), 1, False, "E-RENEW-NOGAIN"),
    ],
)
def test_every_refusal_has_its_reason(
    known: Loan, most: int, *, held: bool, why: str
) -> None:
    assert reason(known, most=most, held=held) == why


def test_renewal_takes_the_second_period_from_today_to_an_open_day() -> None:
    rule = LoanRule((30, 15))
    closed = Calendar(closed_days=(TODAY + 15 * DAY,))
    calendars = Rules(1, {}, {}, CredentialRule("00"), calendars={"S1": closed})

    assert renewals(rule) == 1
    assert renewed_until(rule, RULES, TODAY) == TODAY + 15 * DAY
    assert renewed_until(rule, calendars, TODAY, "S1") == TODAY + 16 * DAY
