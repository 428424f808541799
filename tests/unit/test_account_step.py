"""The account screen: who may see it, what is chosen, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from kiosk.account_lines import account_headline, account_lines
from kiosk.domain.account import Account, OnLoan
from kiosk.domain.policy import Grant, Refusal
from kiosk.domain.session import (
    AccountRead,
    Book,
    BookClass,
    Input,
    Line,
    LoansRenewed,
    ReadAccount,
    Renew,
    TakeBack,
    Visitor,
)
from kiosk.domain.values import Loan, PatronState
from kiosk.view import Action, LineState, Message, Screen
from tests.unit.visit import MANNERS, OTHER, VISITOR, A, Visit, came, stack, tap

TODAY = dt.date(2026, 5, 4)
DUE = TODAY + dt.timedelta(days=2)
NOON = dt.datetime(2026, 4, 10, 4, tzinfo=dt.UTC)


def on_loan(item: str, renewal: Grant | Refusal) -> OnLoan:
    loan = Loan(f"L-{item}", item, VISITOR.patron.patron_ref, NOON, DUE)
    return OnLoan(loan, f"Title {item}", "", renewal)


LONGER = Grant(TODAY + dt.timedelta(days=15))
ONE, TWO = on_loan("B1", LONGER), on_loan("B2", LONGER)
HELD = on_loan("B3", Refusal("E-RENEW-HELD"))
ACCOUNT = Account(TODAY, (ONE, TWO, HELD))


def looking(*events: Input) -> Visit:
    """A visitor at the own account."""
    visit = Visit()(tap(Action.ACCOUNT), came())
    return visit(AccountRead(ACCOUNT), *events)


def done(item: str) -> Line:
    words = Message("renew.done", {"date": LONGER.due_on})
    return Line(Book(item, BookClass.OWN, item), LineState.OK, words)


def test_account_asks_for_a_card_and_then_reads() -> None:
    visit = Visit()(tap(Action.ACCOUNT))
    assert visit.state.screen is Screen.IDENTIFY

    visit(came())

    assert visit.state.screen is Screen.ACCOUNT
    assert visit.effects == [ReadAccount(VISITOR.patron)]


def test_who_has_shown_a_card_already_need_not_again() -> None:
    visit = Visit()(came(), tap(Action.ACCOUNT))

    assert visit.state.screen is Screen.ACCOUNT
    assert visit.effects == [ReadAccount(VISITOR.patron)]


def test_card_leads_to_borrowing_once_the_account_is_forgotten() -> None:
    visit = Visit()(tap(Action.ACCOUNT), tap(Action.HOME), tap(Action.BORROW), came())

    assert visit.state.screen is Screen.BORROW


def test_lost_card_opens_no_account() -> None:
    lost = replace(VISITOR.patron, state=PatronState.LOST)
    finder = Visitor(lost, 0, Message("E-CARD-LOST"))

    visit = Visit()(tap(Action.ACCOUNT), came(finder))

    assert visit.state.screen is Screen.BORROW
    assert visit.state.notice == Message("E-CARD-LOST")
    assert visit.effects == []
    assert visit(tap(Action.ACCOUNT)).state.account is None


def test_renew_without_a_choice_takes_all_that_can_be() -> None:
    visit = looking(tap(Action.RENEW))

    assert visit.effects == [Renew(VISITOR.patron, (ONE, TWO), "session-p1")]
    assert visit.state.busy


def test_renew_takes_what_is_ticked() -> None:
    visit = looking(tap(Action.TICK, "B1"), tap(Action.TICK, "B2"))
    visit(tap(Action.TICK, "B1"), tap(Action.RENEW))

    assert visit.effects == [Renew(VISITOR.patron, (TWO,), "session-p1")]


def test_only_what_can_be_renewed_is_ticked() -> None:
    visit = looking(tap(Action.TICK, "B3"), tap(Action.TICK, "nonsense"))

    assert visit.state.ticked == frozenset()


def test_outcome_is_shown_and_the_days_are_read_again() -> None:
    visit = looking(tap(Action.RENEW), LoansRenewed((done("B1"),)))

    assert visit.effects == [ReadAccount(VISITOR.patron)]
    assert account_headline(visit.state) == Message("renew.finished", {"n": 1})
    lines = account_lines(visit.state)
    assert lines is not None
    assert [line.state for line in lines.loans][:2] == [
        LineState.OK,
        LineState.WAITING,
    ]
    assert lines.renewable == 0
    assert visit(tap(Action.TICK, "B2")).state.to_renew == (TWO,)


def test_screen_stays_while_the_hub_is_asked() -> None:
    visit = looking(tap(Action.RENEW), tap(Action.HOME))
    assert visit.state.screen is Screen.ACCOUNT

    visit.after(MANNERS.idle_s + MANNERS.warning_s)

    assert visit.state.screen is Screen.ACCOUNT


def test_nothing_of_an_account_outlives_the_visit() -> None:
    for end in (tap(Action.HOME), came(OTHER), tap(Action.RETURN), tap(Action.BORROW)):
        visit = looking(tap(Action.TICK, "B1"), end)

        assert visit.state.account is None
        assert visit.state.ticked == frozenset()

    left = looking().after(MANNERS.idle_s).after(MANNERS.warning_s)
    assert left.state.screen is Screen.HOME
    assert left.state.visitor is None


def test_outcome_that_comes_after_its_reader_is_shown_to_nobody() -> None:
    visit = Visit()(LoansRenewed((done("B1"),)))

    assert visit.state.lines == ()
    assert visit.effects == []


def test_help_leads_back_to_where_it_was_asked_for() -> None:
    for screen, way in (
        (Screen.HOME, ()),
        (Screen.IDENTIFY, (tap(Action.BORROW),)),
        (Screen.BORROW, (came(),)),
    ):
        visit = Visit()(*way, tap(Action.HELP))
        assert visit.state.screen is Screen.HELP

        assert visit(tap(Action.BACK)).state.screen is screen


def test_books_put_down_while_help_is_up_are_returned_after_it() -> None:
    visit = Visit()(tap(Action.RETURN), tap(Action.HELP), stack(A))
    assert visit.effects == []

    visit(tap(Action.BACK))

    assert visit.effects == [TakeBack((A,), None)]
