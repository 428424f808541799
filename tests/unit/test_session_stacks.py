"""Several stacks, scans beside them, and figures in one session."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.ending import wakes_at
from kiosk.domain.session import (
    BookScanned,
    FencePad,
    Lend,
    Line,
    LoansSettled,
    ReturnsRecorded,
    Session,
    SessionOver,
    TakeBack,
)
from kiosk.view import Action, LineState, Message, Screen
from tests.unit.visit import (
    MANNERS,
    VISITOR,
    A,
    B,
    Visit,
    came,
    failed,
    lent,
    stack,
    tap,
    written,
)


def test_a_book_that_is_scanned_and_lies_there_counts_once() -> None:
    label = replace(A, uids=())

    visit = Visit()(came(), BookScanned(label), stack(A), tap(Action.CONFIRM))

    assert visit.effects == [Lend(VISITOR.patron, (A,), "session-p1")]


def test_a_book_scanned_after_the_first_stack_is_a_new_stack() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), written(A))

    visit(BookScanned(replace(B, uids=())))

    assert visit.state.screen is Screen.BORROW
    assert [each.key for each in visit.state.books] == ["B"]


def test_a_scan_at_home_is_forgotten_like_everything_else() -> None:
    visit = Visit()(BookScanned(replace(A, uids=())))
    assert wakes_at(visit.state, 0.0, MANNERS) == 60.0

    visit.after(60)

    assert visit.state == Session()


def test_figures_are_those_after_the_loan() -> None:
    fewer = replace(VISITOR, remaining=4)
    settled = replace(lent(A), visitor=fewer)

    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), settled)

    assert visit.state.visitor == fewer


def test_a_limit_reached_with_the_first_stack_is_told_with_the_second() -> None:
    full = replace(VISITOR, remaining=0, refusal=Message("E-LIMIT", {"n": 1}))
    settled = replace(lent(A), visitor=full)
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), settled, written(A))

    visit(stack(A, B))

    assert visit.state.notice == Message("E-LIMIT", {"n": 1})
    assert not visit.state.can_confirm


def test_a_refused_patron_stays_told_so_after_a_scan() -> None:
    lost = replace(VISITOR, refusal=Message("E-CARD-LOST"))

    visit = Visit()(came(lost), BookScanned(A))

    assert visit.state.notice == Message("E-CARD-LOST")


def test_a_tag_that_is_written_does_not_make_a_return_done() -> None:
    visit = Visit()(tap(Action.RETURN), stack(A), written(A))

    assert [line.state for line in visit.state.lines] == [LineState.WORKING]
    assert visit.state.busy


def test_all_stacks_of_a_session_count() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), written(A))
    visit(stack(A, B), tap(Action.CONFIRM), lent(B), written(B), tap(Action.HOME))

    assert visit.effects == [
        SessionOver("session-p1", loans=2, returns=0),
        FencePad(),
    ]


def test_a_refused_loan_does_not_count() -> None:
    refused = LoansSettled((Line(A, LineState.REFUSED),), None)
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), refused)

    visit(tap(Action.HOME))

    assert visit.effects == [FencePad()]


def test_returning_ends_the_session_of_the_loans_before_it() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), written(A))

    visit(tap(Action.RETURN))

    assert visit.effects == [SessionOver("session-p1", loans=1, returns=0)]
    assert (visit.state.visitor, visit.state.loans) == (None, 0)
    assert visit.state.books == ()


def test_books_laid_down_before_pressing_return_are_taken_back() -> None:
    visit = Visit()(came(), stack(A), tap(Action.RETURN))

    assert visit.effects == [TakeBack((A,), None)]


def test_a_card_after_a_return_does_not_take_it_into_its_session() -> None:
    returned = ReturnsRecorded((Line(A, LineState.OK),), "R-2")
    visit = Visit()(tap(Action.RETURN), stack(A), returned, tap(Action.BORROW))

    visit(came())

    assert visit.effects == [SessionOver(None, loans=0, returns=1), FencePad()]
    assert (visit.state.session_id, visit.state.returns) == ("session-p1", 0)


A_SCANNED = replace(A, uids=())


def lent_by_barcode() -> Visit:
    visit = Visit()(came(), BookScanned(A_SCANNED), tap(Action.CONFIRM))
    return visit(LoansSettled((Line(A_SCANNED, LineState.OK),), "R-1"))


def test_a_book_lent_by_its_barcode_is_asked_back_for_a_tag_that_shows_up() -> None:
    visit = lent_by_barcode()(stack(A))

    assert visit.state.lines[0].book == A
    assert visit(failed(A)).state.lines[0].state is LineState.PUT_BACK


def test_a_tag_that_came_while_its_book_was_being_lent_is_known() -> None:
    visit = Visit()(came(), BookScanned(A_SCANNED), tap(Action.CONFIRM), stack(A))

    visit(LoansSettled((Line(A_SCANNED, LineState.OK),), "R-1"))

    assert visit.state.lines[0].book == A


def test_a_book_returned_by_its_barcode_is_known_by_a_tag_that_shows_up() -> None:
    visit = Visit()(tap(Action.RETURN), BookScanned(A_SCANNED))
    visit(ReturnsRecorded((Line(A_SCANNED, LineState.OK),), "R-1"))

    assert visit(stack(A)).state.lines[0].book == A


def test_the_tag_of_a_book_that_was_refused_is_left_alone() -> None:
    visit = Visit()(came(), BookScanned(A_SCANNED), tap(Action.CONFIRM))
    visit(LoansSettled((Line(A_SCANNED, LineState.REFUSED),), None))

    visit(stack(A))

    assert visit(failed(A)).state.lines[0].state is LineState.REFUSED
