"""When a session warns, waits and ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.domain.ending import idle_left, wakes_at
from kiosk.domain.session import (
    CardTaken,
    FencePad,
    Noticed,
    Recount,
    Session,
    SessionOver,
)
from kiosk.view import Action, Message, Screen
from tests.unit.visit import (
    MANNERS,
    VISITOR,
    A,
    Visit,
    came,
    lent,
    stack,
    tap,
    written,
)


def test_idle_warns_first_and_then_clears_everything() -> None:
    visit = Visit()(came(), stack(A))

    visit.after(59)
    assert not visit.state.warned
    visit.after(1)
    assert visit.state.warned
    assert idle_left(visit.state, visit.now, MANNERS) == 20
    visit.after(20)

    assert visit.state == Session()
    assert visit.effects == [FencePad()]


def test_a_touch_during_the_warning_gives_the_whole_time_again() -> None:
    visit = Visit()(came())
    visit.after(65)

    visit(tap(Action.STAY)).after(59)

    assert visit.state.visitor == VISITOR
    assert not visit.state.warned


@pytest.mark.parametrize("moment", ["recording", "writing"])
def test_time_never_runs_out_while_books_are_being_written(moment: str) -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM))
    if moment == "writing":
        visit(lent(A))

    visit.after(10_000)

    assert visit.state.visitor == VISITOR
    assert wakes_at(visit.state, visit.now, MANNERS) is None


def test_a_clock_of_seconds_that_only_grows_never_ends_an_untouched_home_screen() -> (
    None
):
    visit = Visit().after(10_000)

    assert visit.state == Session()
    assert wakes_at(visit.state, visit.now, MANNERS) is None


def test_the_home_screen_forgets_a_language_after_a_while() -> None:
    visit = Visit()(tap(Action.LANGUAGE, "en"))
    assert visit.state.locale == "en"

    visit.after(60)

    assert visit.state.locale == "zh_Hans"


def test_home_is_refused_while_something_is_being_recorded() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), tap(Action.HOME))

    assert visit.state.screen is Screen.WORKING


def test_going_home_counts_what_was_done() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), written(A))

    visit(tap(Action.HOME))

    assert visit.effects == [SessionOver("session-p1", loans=1, returns=0), FencePad()]


def test_a_card_that_stays_ends_the_session_when_it_is_taken() -> None:
    flat = Visit(replace(MANNERS, card_stays=True))(came(), CardTaken())
    tapped = Visit()(came(), CardTaken())

    assert flat.state.visitor is None
    assert tapped.state.visitor == VISITOR


def test_counting_again_trusts_only_fresh_rounds() -> None:
    visit = Visit()(came(), stack(A), tap(Action.RECOUNT))

    assert visit.effects == [Recount()]
    assert not visit.state.can_confirm


def test_a_notice_is_shown_and_gone_when_the_books_move() -> None:
    visit = Visit()(came(), Noticed(Message("E-ISBN")))
    assert visit.state.notice == Message("E-ISBN")

    visit(stack(A))

    assert visit.state.notice is None
