from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from kiosk.domain.policy import (
    Grant,
    Refusal,
    due_date,
    may_lend,
    offline_refusal,
    remaining,
)
from kiosk.domain.rules import CredentialRule, LoanRule, PatronRule, Rules
from kiosk.domain.values import Item, ItemState, Loan, Patron, PatronState

TODAY = dt.date(2026, 11, 23)
RULES = Rules(
    version=1,
    patrons={
        "ADULT": PatronRule(loan_limit=2),
        "SENIOR": PatronRule(loan_limit=2, overdue_blocks_after_days=30),
        "CHILD": PatronRule(loan_limit=2, overdue_blocks_after_days=None, minor=True),
    },
    loans={
        "ADULT/BOOK": LoanRule(periods_days=(30, 30)),
        "SENIOR/BOOK": LoanRule(periods_days=(30,)),
        "CHILD/BOOK": LoanRule(periods_days=(14,)),
        "ADULT/PERIODICAL": LoanRule(periods_days=(15,), limit=1),
        "ADULT/MAP": LoanRule(periods_days=(1,), lendable=False),
    },
    credential=CredentialRule(salt="00"),
)
PATRON = Patron("p1", "ADULT", PatronState.VALID, "张*华")
BOOK = Item("YL1", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "0101", "0101")


def loan(item: str, *, patron: str = "p1", due: dt.date = TODAY) -> Loan:
    at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    return Loan(f"l-{item}", item, patron, at, due)


def test_a_valid_patron_borrows_until_the_end_of_the_period() -> None:
    assert may_lend(PATRON, BOOK, [], None, RULES, TODAY) == Grant(
        dt.date(2026, 12, 23)
    )


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (PatronState.LOST, "E-CARD-LOST"),
        (PatronState.SUSPENDED, "E-CARD-SUSPENDED"),
        (PatronState.CANCELLED, "E-CARD-CANCELLED"),
        (PatronState.TO_VERIFY, "E-CARD-EXPIRED"),
    ],
)
def test_a_card_in_a_bad_state_borrows_nothing(state: PatronState, reason: str) -> None:
    answer = may_lend(replace(PATRON, state=state), BOOK, [], None, RULES, TODAY)

    assert isinstance(answer, Refusal)
    assert answer.reason == reason


def test_a_card_works_on_its_last_day_and_not_on_the_next() -> None:
    patron = replace(PATRON, expires_on=TODAY)

    assert isinstance(may_lend(patron, BOOK, [], None, RULES, TODAY), Grant)
    tomorrow = TODAY + dt.timedelta(days=1)
    assert may_lend(patron, BOOK, [], None, RULES, tomorrow) == Refusal(
        "E-CARD-EXPIRED"
    )


def test_the_limit_counts_what_is_on_loan() -> None:
    full = [loan("A"), loan("B")]

    assert may_lend(PATRON, BOOK, full, None, RULES, TODAY) == Refusal(
        "E-LIMIT", {"n": 2}
    )
    assert remaining(PATRON, full, RULES) == 0


def test_a_book_due_today_is_not_overdue_but_one_due_yesterday_is() -> None:
    yesterday = TODAY - dt.timedelta(days=1)

    assert isinstance(may_lend(PATRON, BOOK, [loan("A")], None, RULES, TODAY), Grant)
    late = may_lend(PATRON, BOOK, [loan("A", due=yesterday)], None, RULES, TODAY)
    assert late == Refusal("E-OVERDUE", {"n": 1})


def test_seniors_have_thirty_days_of_grace_and_children_are_only_reminded() -> None:
    long_ago = loan("A", due=TODAY - dt.timedelta(days=40))
    recent = loan("A", due=TODAY - dt.timedelta(days=30))
    senior = replace(PATRON, patron_type="SENIOR")
    child = replace(PATRON, patron_type="CHILD")

    assert isinstance(may_lend(senior, BOOK, [recent], None, RULES, TODAY), Grant)
    assert isinstance(may_lend(senior, BOOK, [long_ago], None, RULES, TODAY), Refusal)
    assert isinstance(may_lend(child, BOOK, [long_ago], None, RULES, TODAY), Grant)


def test_a_book_that_is_mine_is_told_apart_from_one_of_somebody_else() -> None:
    mine = may_lend(PATRON, BOOK, [], loan("YL1"), RULES, TODAY)
    theirs = may_lend(PATRON, BOOK, [], loan("YL1", patron="p2"), RULES, TODAY)

    assert mine == Refusal("E-ITEM-MINE", {"date": TODAY})
    assert theirs == Refusal("E-ITEM-OTHERLOAN")


def test_a_book_i_have_already_is_named_before_my_full_limit() -> None:
    loans = [loan("YL1"), loan("B")]

    assert may_lend(PATRON, BOOK, loans, loans[0], RULES, TODAY) == Refusal(
        "E-ITEM-MINE", {"date": TODAY}
    )


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ItemState.REFERENCE, "E-ITEM-REF"),
        (ItemState.DAMAGED, "E-ITEM-DAMAGED"),
        (ItemState.IN_PROCESS, "E-ITEM-DAMAGED"),
        (ItemState.WITHDRAWN, "E-ITEM-UNKNOWN"),
    ],
)
def test_items_that_stay_are_refused_with_their_reason(
    state: ItemState, reason: str
) -> None:
    item = replace(BOOK, state=state)

    assert may_lend(PATRON, item, [], None, RULES, TODAY) == Refusal(reason)


def test_a_lost_item_in_a_patrons_hands_may_be_lent() -> None:
    item = replace(BOOK, state=ItemState.LOST)

    assert isinstance(may_lend(PATRON, item, [], None, RULES, TODAY), Grant)


def test_adult_items_are_not_lent_to_children() -> None:
    item = replace(BOOK, adult_only=True)
    child = replace(PATRON, patron_type="CHILD")

    assert may_lend(child, item, [], None, RULES, TODAY) == Refusal("E-ITEM-ADULT")
    assert isinstance(may_lend(PATRON, item, [], None, RULES, TODAY), Grant)


def test_a_type_may_have_its_own_limit_or_not_be_lent_at_all() -> None:
    periodical = replace(BOOK, item_type="PERIODICAL")
    first = may_lend(PATRON, periodical, [], None, RULES, TODAY)
    second = may_lend(PATRON, periodical, [], None, RULES, TODAY, same_type_loans=1)
    unlendable = may_lend(
        PATRON, replace(BOOK, item_type="MAP"), [], None, RULES, TODAY
    )

    assert isinstance(first, Grant)
    assert second == Refusal("E-LIMIT-TYPE", {"n": 1})
    assert unlendable == Refusal("E-ITEM-REF")


def test_a_due_date_on_closed_days_moves_to_the_next_open_one() -> None:
    closed = (dt.date(2026, 12, 23), dt.date(2026, 12, 24))
    rules = replace(RULES, closed_days=closed)

    assert due_date(TODAY, 30, rules) == dt.date(2026, 12, 25)


@pytest.mark.parametrize(
    ("days", "loans", "reason"),
    [(7, 0, None), (8, 0, "bar.offline_limit"), (0, 2, "E-OFFLINE-LIMIT")],
)
def test_offline_lending_ends_with_old_rules_or_too_many_loans(
    days: int, loans: int, reason: str | None
) -> None:
    refusal = offline_refusal(RULES, dt.timedelta(days=days), loans)

    assert (refusal.reason if refusal else None) == reason


def test_without_a_trusted_clock_only_the_number_of_loans_limits() -> None:
    assert offline_refusal(RULES, None, 1) is None
    assert offline_refusal(RULES, None, 2) is not None
