"""What the hub answers to asks, and when a loan is due."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.hub.circulation import (
    Decision,
    decide_ask,
    terms,
)
from sync.hub.facts import Fact, History, Standing
from sync.hub.history import replay
from sync.protocol import Clock, Outcome
from tests.unit.hub_facts import (
    ANNA,
    DUE,
    ITEM,
    RULES,
    TODAY,
    known,
    lend,
)


def test_ask_is_granted_with_its_due_date() -> None:
    decision = decide_ask(lend("anna"), known(), History())

    assert decision == Decision(Outcome.ACCEPTED, due_on=DUE)


@pytest.mark.parametrize(
    ("changes", "before", "reason"),
    [
        ({"patron": None}, (), "E-CARD-UNKNOWN"),
        ({"item": None}, (), "E-ITEM-UNKNOWN"),
        ({}, (lend("bo", -1),), "E-ITEM-OTHERLOAN"),
        ({}, (lend("anna", -1),), "E-ITEM-MINE"),
        (
            {"patron": dataclasses.replace(ANNA, state=PatronState.LOST)},
            (),
            "E-CARD-LOST",
        ),
        (
            {"item": dataclasses.replace(ITEM, state=ItemState.DAMAGED)},
            (),
            "E-ITEM-DAMAGED",
        ),
    ],
)
def test_ask_is_refused_with_the_reason(
    changes: dict[str, Any], before: tuple[Fact, ...], reason: str
) -> None:
    decision = decide_ask(lend("anna"), known(**changes), replay(before))

    assert (decision.outcome, decision.reason) == (Outcome.REFUSED, reason)
    assert decision.findings == ()


def test_reservation_never_ends_a_loan() -> None:
    after = replay([lend("bo"), lend("anna", 1, standing=Standing.ASKED)])

    assert [loan.patron_ref for loan in after.loans] == ["bo"]


def test_loan_ends_a_reservation_without_a_case() -> None:
    after = replay([lend("anna", standing=Standing.ASKED), lend("bo", 1, "k2")])

    assert [loan.patron_ref for loan in after.loans] == ["bo"]
    assert after.findings == ()


@pytest.mark.parametrize("standing", [Standing.REFUSED, Standing.WITHDRAWN])
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
    agreed = terms(known(), TODAY, promised, clock)

    assert (agreed.due_on, agreed.kept) == (due_on, kept)


def test_terms_of_the_unknown_are_a_month() -> None:
    assert terms(known(patron=None), TODAY, None, Clock.SYNCED).due_on == DUE


def test_every_patron_type_may_borrow_a_book_but_no_reference_work() -> None:
    for name in RULES.patrons:
        assert RULES.loans[f"{name}/BOOK"].lendable
        assert not RULES.loans[f"{name}/REFERENCE"].lendable
