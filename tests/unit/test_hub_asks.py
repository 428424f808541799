"""What the hub answers to asks, and when a loan is due."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.hub.circulation.circulation import (
    Asked,
    Decision,
    decide_ask,
    decide_renewal_ask,
)
from sync.hub.circulation.facts import Fact, History, LoanRecord, Standing
from sync.hub.circulation.history import replay
from sync.hub.circulation.terms import with_terms
from sync.protocol import Clock, Outcome
from tests.unit.hub_facts import (
    ANNA,
    DUE,
    ITEM,
    RULES,
    TODAY,
    lend,
    records,
    renew,
)

DAY = dt.timedelta(days=1)


def test_ask_is_granted_with_its_due_date() -> None:
    decision = decide_ask(lend("anna"), Asked(RULES))

    assert decision == Decision(Outcome.ACCEPTED, due_on=DUE)


def _loan_of(patron: str) -> LoanRecord:
    return replay([lend(patron, -1)]).loans[0]


@pytest.mark.parametrize(
    ("known", "asked", "reason"),
    [
        ({"patron": None}, {}, "E-CARD-UNKNOWN"),
        ({"item": None}, {}, "E-ITEM-UNKNOWN"),
        ({}, {"open_loan": _loan_of("bo")}, "E-ITEM-OTHERLOAN"),
        ({}, {"open_loan": _loan_of("anna")}, "E-ITEM-MINE"),
        ({}, {"reserved_by": "bo"}, "E-ITEM-OTHERLOAN"),
        ({}, {"held": True}, "E-ITEM-HELD"),
        (
            {"patron": dataclasses.replace(ANNA, state=PatronState.LOST)},
            {},
            "E-CARD-LOST",
        ),
        (
            {"item": dataclasses.replace(ITEM, state=ItemState.DAMAGED)},
            {},
            "E-ITEM-DAMAGED",
        ),
    ],
)
def test_ask_is_refused_with_the_reason(
    known: dict[str, Any], asked: dict[str, Any], reason: str
) -> None:
    fact = lend("anna", records=records(**known))

    decision = decide_ask(fact, Asked(RULES, **asked))

    assert (decision.outcome, decision.reason) == (Outcome.REFUSED, reason)


@pytest.mark.parametrize(
    ("loan", "asked", "reason"),
    [
        (None, {}, "E-GENERIC"),
        (lend("bo"), {}, "E-ITEM-OTHERLOAN"),
        (lend("anna"), {"held": True}, "E-RENEW-HELD"),
        (lend("anna", due_on=TODAY - DAY), {}, "E-RENEW-LATE"),
        (lend("anna", due_on=DUE + 9 * DAY), {}, "E-RENEW-NOGAIN"),
        (lend("anna"), {}, None),
    ],
)
def test_renewal_is_refused_only_for_a_reason(
    loan: Fact | None, asked: dict[str, Any], reason: str | None
) -> None:
    ask = renew("anna", 1, due_on=DUE + DAY, renewals=1)
    open_loan = replay([loan]).open_loan if loan else None

    decision = decide_renewal_ask(ask, Asked(RULES, open_loan, **asked))

    assert decision.reason == reason


def test_no_renewal_is_left_after_the_last_one() -> None:
    once = replay([lend("anna"), renew("anna", 1, due_on=DUE + DAY, renewals=1)])
    ask = renew("anna", 2, due_on=DUE + 2 * DAY, renewals=1)

    decision = decide_renewal_ask(ask, Asked(RULES, once.open_loan))

    assert (decision.reason, decision.params) == ("E-RENEW-MAX", {"n": 1})


@pytest.mark.parametrize(
    "standing", [Standing.ASKED, Standing.REFUSED, Standing.WITHDRAWN]
)
def test_ask_that_came_to_nothing_leaves_no_trace(standing: Standing) -> None:
    assert replay([lend("anna", standing=standing)]) == History()


# --- due dates -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promised", "clock", "due_on", "kept"),
    [
        (None, Clock.SYNCED, DUE, True),
        (dt.date(2026, 7, 20), Clock.SYNCED, dt.date(2026, 7, 20), True),
        (DUE + dt.timedelta(days=3), Clock.SYNCED, DUE + dt.timedelta(days=3), True),
        (DUE + dt.timedelta(days=4), Clock.SYNCED, DUE, False),
        (TODAY - dt.timedelta(days=1), Clock.RTC, DUE, False),
        (dt.date(2031, 1, 1), Clock.GUESSED, DUE, True),
    ],
)
def test_promised_day_holds_if_it_is_sane(
    promised: dt.date | None, clock: Clock, due_on: dt.date, *, kept: bool
) -> None:
    agreed = with_terms(lend("anna", promised=promised, clock=clock), RULES)

    assert (agreed.due_on, agreed.kept) == (due_on, kept)


def test_terms_of_the_unknown_are_a_month() -> None:
    fact = lend("anna", records=records(patron=None))

    assert with_terms(fact, RULES).due_on == DUE


def test_every_patron_type_may_borrow_a_book_but_no_reference_work() -> None:
    for name in RULES.patrons:
        assert RULES.loans[f"{name}/BOOK"].lendable
        assert not RULES.loans[f"{name}/REFERENCE"].lendable
