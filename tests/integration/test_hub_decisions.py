"""Each row of the county's decision table, on a real database.

A row says what came before, what comes now, and what the hub makes of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.protocol import Event, Outcome
from tests.integration import decision_stories as stories
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

NOTICE, STAFF = Outcome.ACCEPTED_WITH_NOTICE, Outcome.NEEDS_STAFF
ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED

#: Tells what happened so far, and makes the event to decide upon.
Story = Callable[[County], Event]


@dataclass(frozen=True)
class Row:
    """`open_loans` and `cases` are those of the whole county afterwards."""

    name: str
    story: Story
    outcome: Outcome
    reason: str | None = None
    open_loans: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    due_on: dt.date | None = None


R1, R2 = {"YL0001": "R1"}, {"YL0001": "R2"}
R3_ALL = {f"YL000{number}": "R3" for number in (1, 2, 3)}
DUE, RENEWED = dt.date(2026, 8, 2), dt.date(2026, 8, 11)
MILD, BARRED = {"lent_against_rules": "low"}, {"lent_against_rules": "medium"}
PASSED = {"lent_while_on_hold": "medium"}

ROWS = (
    # --- loans
    Row("not on loan", lambda c: stories.at(c, NOON), ACCEPTED, None, R1, {}, DUE),
    Row(
        "on loan to another, before",
        stories.to_r2_elsewhere,
        NOTICE,
        "loan_displaced",
        R2,
        {"loan_displaced": "medium"},
    ),
    Row(
        "on loan to another, since after the event",
        stories.of_before,
        ACCEPTED,
        None,
        R2,
        {"loan_displaced": "medium"},
        DUE,
    ),
    Row(
        "on loan to the same, longer",
        lambda c: stories.again(c, "2026-08-11"),
        NOTICE,
        "loan_renewed_by_loan",
        R1,
        {"loan_renewed_by_loan": "low"},
        RENEWED,
    ),
    Row(
        "on loan to the same, never shorter",
        lambda c: stories.again(c, "2026-07-20"),
        NOTICE,
        "loan_repeated",
        R1,
        {"loan_repeated": "low"},
        DUE,
    ),
    Row(
        "two kiosks, uncertain order",
        stories.unsure,
        STAFF,
        "loans_overlap",
        R2,
        {"loans_overlap": "high"},
    ),
    Row(
        "reader suspended",
        lambda c: stories.barred(c, PatronState.SUSPENDED),
        NOTICE,
        "lent_against_rules",
        R1,
        BARRED,
    ),
    Row(
        "card lost",
        lambda c: stories.barred(c, PatronState.LOST),
        NOTICE,
        "lent_against_rules",
        R1,
        BARRED,
    ),
    Row("overflow", stories.overflow, NOTICE, "lent_against_rules", R3_ALL, MILD),
    Row(
        "next after overflow",
        stories.next_after_overflow,
        REFUSED,
        "E-LIMIT",
        R3_ALL,
        MILD,
    ),
    Row(
        "below the limit again",
        stories.below_again,
        ACCEPTED,
        None,
        {"YL0001": "R3"},
        MILD,
    ),
    Row(
        "reader unknown",
        lambda c: c.k1.lends("YL0001", "nobody-we-know"),
        STAFF,
        "patron_unknown",
        {"YL0001": "nobody-we-know"},
        {"patron_unknown": "high"},
    ),
    Row(
        "item unknown",
        lambda c: c.k1.lends("NEW1", c.refs["R1"]),
        NOTICE,
        "item_unknown",
        {"NEW1": "R1"},
        {"item_unknown": "medium"},
    ),
    Row(
        "promised before the day of the loan",
        lambda c: stories.promised(c, "2026-07-02"),
        NOTICE,
        "promise_not_kept",
        R1,
        {"promise_not_kept": "medium"},
        DUE,
    ),
    Row(
        "promised three days beyond any period",
        lambda c: stories.promised(c, "2026-08-05"),
        ACCEPTED,
        None,
        R1,
        {},
        dt.date(2026, 8, 5),
    ),
    Row(
        "promised four days beyond any period",
        lambda c: stories.promised(c, "2026-08-06"),
        NOTICE,
        "promise_not_kept",
        R1,
        {"promise_not_kept": "medium"},
        DUE,
    ),
    Row(
        "older than anything stays unsent",
        lambda c: stories.at(c, NOON - 500 * DAY),
        STAFF,
        "clock_not_believed",
        R1,
        {"clock_not_believed": "high"},
    ),
    Row(
        "more than ten minutes ahead",
        lambda c: stories.at(c, stories.LATE + 11 * MINUTE),
        STAFF,
        "clock_not_believed",
        R1,
        {"clock_not_believed": "high"},
    ),
    # --- returns
    Row("return of what is in", lambda c: c.k1.takes_back("YL0001"), ACCEPTED),
    Row(
        "return elsewhere",
        lambda c: c.k2.takes_back("YL0001"),
        NOTICE,
        "return.other_site",
    ),
    Row(
        "stale return",
        stories.stale,
        NOTICE,
        "return_stale",
        R1,
        {"return_stale": "low"},
    ),
    Row(
        "return that quotes its loan", stories.quoted_after, NOTICE, "return.other_site"
    ),
    Row(
        "return of the unknown",
        lambda c: c.k1.takes_back("NEW1"),
        NOTICE,
        "item_unknown",
        {},
        {"item_unknown": "medium"},
    ),
    Row(
        "lost item seen",
        lambda c: stories.in_state(c, ItemState.LOST),
        NOTICE,
        "item_found",
        {},
        {"item_found": "low"},
    ),
    Row("returned twice in a session", stories.part_of_a_set, ACCEPTED),
    Row("lent again at once", stories.lent_again_at_once, ACCEPTED, None, R1, {}, DUE),
    # --- renewals
    Row("renewal", stories.renewal, ACCEPTED, None, R1, {}, RENEWED),
    Row(
        "renewal of another's loan",
        lambda c: stories.renewal(c, "R2"),
        NOTICE,
        "renewal_without_loan",
        R1,
        {"renewal_without_loan": "low"},
    ),
    Row(
        "renewal that would shorten",
        lambda c: stories.renewal(c, due_on="2026-07-20"),
        NOTICE,
        "renewal_not_given",
        R1,
        {"renewal_not_given": "low"},
        DUE,
    ),
    Row(
        "renewal with none left",
        stories.second_renewal,
        NOTICE,
        "renewal_not_given",
        R1,
        {"renewal_not_given": "low"},
        RENEWED,
    ),
    Row(
        "renewal asked for while on hold",
        lambda c: stories.renewal_on_hold(c, "ask"),
        REFUSED,
        "E-RENEW-HELD",
        R1,
    ),
    Row(
        "renewal that happened while on hold",
        lambda c: stories.renewal_on_hold(c, "fact"),
        NOTICE,
        "renewed_while_on_hold",
        R1,
        {"renewed_while_on_hold": "low"},
        RENEWED,
    ),
    # --- holds
    Row(
        "copy on hold is lent",
        lambda c: stories.lent_on_hold(c, stories.COPY),
        NOTICE,
        "lent_while_on_hold",
        R1,
        PASSED,
    ),
    Row(
        "title on hold here is lent",
        lambda c: stories.lent_on_hold(c, stories.TITLE),
        NOTICE,
        "lent_while_on_hold",
        R1,
        PASSED,
    ),
    Row(
        "copy on hold is asked for",
        lambda c: stories.asked_on_hold(c, stories.COPY),
        REFUSED,
        "E-ITEM-HELD",
    ),
    Row(
        "title on hold here is asked for",
        lambda c: stories.asked_on_hold(c, stories.TITLE),
        REFUSED,
        "E-ITEM-HELD",
    ),
    Row("title on hold elsewhere", stories.elsewhere_on_hold, ACCEPTED),
    Row("who waits may borrow", stories.own_hold, ACCEPTED),
    Row("hold given up", stories.given_up, ACCEPTED),
    Row(
        "hold served by another copy", stories.served, ACCEPTED, None, {"YL0002": "R2"}
    ),
    Row("return of what is on hold", stories.back_for_a_hold, NOTICE, "return.hold"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_of_the_decision_table(county: County, row: Row) -> None:
    event = row.story(county)

    verdict = county.verdict(event, _arrives(event))

    assert (verdict.outcome, verdict.reason) == (row.outcome, row.reason)
    assert county.cases() == row.cases
    assert county.open_loans() == row.open_loans
    if row.due_on is not None:
        assert verdict.due_on == row.due_on
    assert county.verdict(event, _arrives(event)) == verdict  # a duplicate


def _arrives(event: Event) -> dt.datetime:
    """At once if it is a question, else weeks later."""
    return event.occurred_at + MINUTE if event.mode == "ask" else stories.LATE
