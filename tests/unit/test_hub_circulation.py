"""The decision table of the hub."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from kiosk.domain.values import ItemState, Patron, PatronState
from sync.hub.circulation.circulation import Decision, Returned, decide_return
from sync.hub.circulation.facts import Fact, HowClosed, Severity
from sync.hub.circulation.history import replay
from sync.hub.circulation.limits import Borrowed, breaches
from sync.hub.circulation.ordering import in_order
from sync.hub.circulation.remarks import remarks
from sync.protocol import Clock, Outcome
from tests.unit.hub_facts import (
    ANNA,
    DUE,
    HOUR,
    ITEM,
    NOON,
    RULES,
    give_back,
    kinds,
    lend,
    loan_seen,
    records,
)

# --- the decision table: loans -------------------------------------------------------


def test_loan_of_an_item_that_is_in_is_accepted() -> None:
    seen = loan_seen(lend("anna"))

    assert seen.decision == Decision(Outcome.ACCEPTED, due_on=DUE)
    assert seen.after.open_loan is not None
    assert seen.after.open_loan.patron_ref == "anna"
    assert seen.after.location == "A"


def test_loan_of_an_item_open_to_another_closes_that_loan_at_the_event_time() -> None:
    seen = loan_seen(lend("bo", 5, "k2"), [lend("anna")])

    closed, opened = seen.after.loans
    assert seen.decision.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert kinds(seen.findings) == {"loan_displaced": Severity.MEDIUM}
    assert (closed.returned_at, closed.how_closed) == (
        NOON + 5 * HOUR,
        HowClosed.UNRECORDED,
    )
    assert opened.patron_ref == "bo"


def test_old_loan_that_arrives_after_a_newer_one_becomes_closed_history() -> None:
    seen = loan_seen(lend("anna"), [lend("bo", 5, "k2")])

    assert seen.decision.outcome is Outcome.ACCEPTED
    assert [loan.patron_ref for loan in seen.after.loans] == ["anna", "bo"]
    assert seen.after.loans[0].returned_at == NOON + 5 * HOUR
    assert seen.after.findings[0].event_id == lend("bo", 5, "k2").fact_id


def test_same_patron_again_renews_while_renewals_are_left() -> None:
    again = lend("anna", 240, due_on=DUE + dt.timedelta(days=10), renewals=1)

    seen = loan_seen(again, [lend("anna", renewals=1)])

    (loan,) = seen.after.loans
    assert kinds(seen.findings) == {"loan_renewed_by_loan": Severity.LOW}
    assert (loan.renewed, loan.due_on) == (1, DUE + dt.timedelta(days=10))
    assert seen.decision.due_on == loan.due_on


@pytest.mark.parametrize(
    "again",
    [
        lend("anna", 240, due_on=DUE + dt.timedelta(days=10), renewals=0),
        lend("anna", 240, due_on=DUE - dt.timedelta(days=1), renewals=1),
    ],
    ids=["no renewal left", "would shorten"],
)
def test_same_patron_again_is_ignored_otherwise(again: Fact) -> None:
    seen = loan_seen(again, [lend("anna", renewals=1)])

    (loan,) = seen.after.loans
    assert kinds(seen.findings) == {"loan_repeated": Severity.LOW}
    assert (loan.renewed, loan.due_on) == (0, DUE)


@pytest.mark.parametrize("clocks", [("guessed", "synced"), ("synced", "guessed")])
def test_two_kiosks_with_a_guessed_clock_leave_it_to_the_county(
    clocks: tuple[str, str],
) -> None:
    first = lend("anna", 0, "k1", clock=Clock(clocks[0]))
    second = lend("bo", 1, "k2", clock=Clock(clocks[1]))

    seen = loan_seen(second, [first])

    assert seen.decision.outcome is Outcome.NEEDS_STAFF
    assert kinds(seen.findings) == {"loans_overlap": Severity.HIGH}
    assert [loan.patron_ref for loan in seen.after.loans] == ["anna", "bo"]


def test_guessed_times_far_apart_leave_no_doubt() -> None:
    first = lend("anna", clock=Clock.GUESSED)

    seen = loan_seen(lend("bo", 24 * 30, "k2"), [first])

    assert kinds(seen.findings) == {"loan_displaced": Severity.MEDIUM}


@pytest.mark.parametrize(
    ("patron", "severity"),
    [
        (dataclasses.replace(ANNA, state=PatronState.SUSPENDED), Severity.MEDIUM),
        (dataclasses.replace(ANNA, state=PatronState.LOST), Severity.MEDIUM),
        (dataclasses.replace(ANNA, expires_on=dt.date(2026, 7, 2)), Severity.MEDIUM),
        (dataclasses.replace(ANNA, patron_type="NEW"), Severity.MEDIUM),
    ],
)
def test_loan_of_a_patron_who_may_not_borrow_stands(
    patron: Patron, severity: Severity
) -> None:
    seen = loan_seen(lend("anna", records=records(patron=patron)))

    assert seen.decision.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert kinds(seen.findings) == {"lent_against_rules": severity}
    assert seen.after.open_loan is not None


def test_limit_exceeded_is_a_low_note() -> None:
    loans = [lend("anna", n, item=f"X{n}") for n in range(6)]
    borrowed = [Borrowed(replay([loan]).loans[0], loan) for loan in loans]

    (finding,) = breaches(borrowed, NOON, {RULES.version: RULES})

    assert finding.event_id == loans[5].fact_id
    assert (finding.severity, finding.sides["rule"]) == (Severity.LOW, "E-LIMIT")


def test_unknown_patron_needs_staff_and_the_item_is_out() -> None:
    seen = loan_seen(lend("x", records=records(patron=None)))

    assert seen.decision.outcome is Outcome.NEEDS_STAFF
    assert seen.after.open_loan is not None


def test_unknown_item_is_lent_with_a_case() -> None:
    seen = loan_seen(lend("anna", records=records(item=None)), item_known=False)

    assert kinds(seen.findings) == {"item_unknown": Severity.MEDIUM}
    assert seen.after.open_loan is not None


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (ItemState.LOST, "item_found"),
        (ItemState.WITHDRAWN, "lent_against_rules"),
        (ItemState.DAMAGED, "lent_against_rules"),
        (ItemState.REFERENCE, "lent_against_rules"),
    ],
)
def test_item_that_should_not_be_out_is_noted(state: ItemState, kind: str) -> None:
    item = dataclasses.replace(ITEM, state=state)

    seen = loan_seen(lend("anna", records=records(item=item)))

    assert list(kinds(seen.findings)) == [kind]
    assert seen.after.open_loan is not None


# --- returns -------------------------------------------------------------------------


def test_return_ends_the_loan_at_the_event_time() -> None:
    back = give_back(3, "k2")
    after = replay([lend("anna"), back])

    (loan,) = after.loans
    assert (loan.returned_at, loan.return_site, loan.how_closed) == (
        NOON + 3 * HOUR,
        "B",
        HowClosed.RETURNED,
    )


def test_return_of_an_item_not_on_loan_is_accepted() -> None:
    back = give_back(3, "k1")

    decision = decide_return(back, replay([back]), (), Returned())

    assert decision == Decision(Outcome.ACCEPTED)


def test_return_elsewhere_says_whose_book_it_is() -> None:
    back = give_back(3, "k2")

    decision = decide_return(back, replay([back]), (), Returned(home="马坪村借阅点"))

    assert (decision.outcome, decision.reason, decision.params) == (
        Outcome.ACCEPTED_WITH_NOTICE,
        "return.other_site",
        {"owner": "马坪村借阅点"},
    )


def test_stale_return_keeps_the_later_loan() -> None:
    back = give_back(1, "k2")
    after = replay([lend("anna", 5), back])

    decision = decide_return(back, after, (), Returned())

    assert after.open_loan is not None
    assert decision.reason == "return_stale"


def test_return_of_an_unknown_item_opens_a_case() -> None:
    back = give_back(1)

    findings = remarks([back], item_known=False)
    decision = decide_return(back, replay([back]), findings, Returned())

    assert kinds(findings) == {"item_unknown": Severity.MEDIUM}
    assert decision.reason == "item_unknown"


def test_return_that_quotes_a_loan_comes_after_it_whatever_the_clocks_say() -> None:
    loan = lend("anna", 2)
    back = give_back(1, "k2", loan_ref=loan.loan_ref)

    after = replay([loan, back])

    assert after.open_loan is None
    assert after.loans[0].returned_at == loan.at


def test_guessed_return_before_a_loan_is_left_to_the_county() -> None:
    back = give_back(1, "k2", clock=Clock.GUESSED)

    after = replay([lend("anna", 2), back])

    (finding,) = after.findings
    assert (finding.kind, finding.severity) == ("return_or_loan_first", Severity.HIGH)
    assert finding.event_id == back.fact_id


def test_one_devices_order_is_never_reversed() -> None:
    loan = lend("anna", 2, seq=1)
    back = give_back(1, seq=2)  # its clock was set back in between

    assert replay([back, loan]).open_loan is None


def test_guess_that_ran_ahead_gives_way_to_the_trusted_time_after_it() -> None:
    ahead = lend("anna", 9000, seq=1, clock=Clock.GUESSED)
    trusted = give_back(1, seq=2)

    loan, back = in_order([trusted, ahead])

    assert (loan.at, back.at) == (trusted.at, trusted.at)
