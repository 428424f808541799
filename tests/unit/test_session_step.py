"""What the session makes of cards, books and touches."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.session import (
    Book,
    BookClass,
    BookScanned,
    FencePad,
    Lend,
    Line,
    LoansSettled,
    ReturnsRecorded,
    SessionOver,
    TagsSecured,
    TakeBack,
)
from kiosk.view import Action, LineState, Message, Screen
from tests.unit.visit import (
    FOREIGN,
    OTHER,
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


def test_borrow_asks_for_a_card_first() -> None:
    visit = Visit()(tap(Action.BORROW))

    assert visit.state.screen is Screen.IDENTIFY


def test_a_card_on_the_home_screen_opens_the_borrow_screen() -> None:
    visit = Visit()(came())

    assert visit.state.screen is Screen.BORROW
    assert visit.state.session_id == "session-p1"


def test_books_may_lie_there_before_the_card() -> None:
    visit = Visit()(stack(A, B), came())

    assert visit.state.books == (A, B)
    assert visit.state.can_confirm


def test_confirm_waits_for_a_stable_stack() -> None:
    visit = Visit()(came(), stack(A, stable=False), tap(Action.CONFIRM))

    assert visit.effects == []
    assert visit.state.screen is Screen.BORROW


def test_confirm_lends_what_can_circulate_and_nothing_else() -> None:
    visit = Visit()(came(), stack(A, FOREIGN, B), tap(Action.CONFIRM))

    assert visit.effects == [Lend(VISITOR.patron, (A, B), "session-p1")]
    assert visit.state.screen is Screen.WORKING


def test_a_second_confirm_does_nothing() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), tap(Action.CONFIRM))

    assert visit.effects == []


def test_a_refused_patron_sees_why_and_cannot_confirm() -> None:
    lost = replace(VISITOR, refusal=Message("E-CARD-LOST"))

    visit = Visit()(came(lost), stack(A), tap(Action.CONFIRM))

    assert visit.state.notice == Message("E-CARD-LOST")
    assert visit.effects == []


def test_loans_are_shown_once_recorded_and_green_once_the_tag_is_written() -> None:
    visit = Visit()(came(), stack(A, B), tap(Action.CONFIRM), lent(A, B))
    assert visit.state.screen is Screen.DONE
    assert visit.state.busy

    visit(written(A), written(B))

    assert [line.state for line in visit.state.lines] == [LineState.OK, LineState.OK]
    assert not visit.state.busy


def test_a_book_lifted_too_soon_is_asked_back_and_then_healed() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), failed(A))
    assert visit.state.lines[0].state is LineState.PUT_BACK

    visit(stack(), stack(A), written(A))

    assert visit.state.lines[0].state is LineState.OK


def test_a_set_is_only_done_when_each_of_its_tags_is() -> None:
    album = replace(A, uids=("E01", "E02"))
    visit = Visit()(came(), stack(album), tap(Action.CONFIRM), lent(album))

    visit(TagsSecured(frozenset({"E01"}), frozenset({"E02"})))
    assert visit.state.lines[0].unwritten == {"E02"}
    assert visit.state.lines[0].state is LineState.PUT_BACK

    visit(TagsSecured(frozenset({"E02"}), frozenset()))
    assert visit.state.lines[0].state is LineState.OK


def test_a_refused_book_stays_red_whatever_its_tag_does() -> None:
    line = Line(A, LineState.REFUSED, Message("E-LIMIT"))
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), LoansSettled((line,), None))

    visit(written(A))

    assert visit.state.lines == (line,)


def test_return_needs_no_card_and_no_tap_per_book() -> None:
    visit = Visit()(tap(Action.RETURN), stack(A, B))

    assert visit.effects == [TakeBack((A, B), None)]
    assert visit.state.visitor is None


def test_a_return_waits_for_a_stable_stack() -> None:
    visit = Visit()(tap(Action.RETURN), stack(A, stable=False))
    assert visit.effects == []

    visit(stack(A))

    assert visit.effects == [TakeBack((A,), None)]


def test_a_book_is_taken_back_once_however_often_the_pad_changes() -> None:
    visit = Visit()(tap(Action.RETURN), stack(A))
    visit(ReturnsRecorded((Line(A, LineState.OK),), "R-2"))

    visit(stack(A, B))

    assert visit.effects == [TakeBack((B,), None)]
    assert [line.book for line in visit.state.lines] == [A, B]


def test_a_foreign_book_is_named_and_not_taken_back() -> None:
    visit = Visit()(tap(Action.RETURN), stack(FOREIGN))

    assert visit.effects == []
    assert visit.state.books == (FOREIGN,)


def test_a_scanned_label_is_enough_to_return() -> None:
    label = Book("Z", BookClass.OWN, barcode="Z")

    visit = Visit()(tap(Action.RETURN), BookScanned(label))

    assert visit.effects == [TakeBack((label,), None)]


def test_scanning_the_label_of_a_book_on_the_pad_adds_nothing() -> None:
    visit = Visit()(came(), stack(A), BookScanned(Book("A", BookClass.OWN, "A")))

    assert visit.state.books == (A,)


def test_a_card_during_a_return_ends_it_and_starts_a_borrow_session() -> None:
    visit = Visit()(tap(Action.RETURN), stack(A))
    visit(ReturnsRecorded((Line(A, LineState.OK),), "R-2"), came())

    assert visit.effects == [SessionOver(None, loans=0, returns=1), FencePad()]
    assert visit.state.screen is Screen.BORROW
    assert visit.state.lines == ()


def test_another_card_wipes_the_first_patron_from_the_screen() -> None:
    visit = Visit()(came(), stack(A), came(OTHER))

    assert visit.state.visitor == OTHER
    assert visit.state.books == ()
    assert visit.effects == [FencePad()]


def test_the_same_card_again_changes_nothing_but_the_figures() -> None:
    fewer = replace(VISITOR, remaining=3)
    visit = Visit()(came(), stack(A), came(fewer))

    assert visit.state.books == (A,)
    assert visit.state.visitor == fewer
    assert visit.effects == []


def test_a_card_is_not_taken_while_books_are_being_recorded() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), came(OTHER))

    assert visit.state.visitor == VISITOR


def test_more_books_after_the_first_stack_are_a_new_stack_of_the_same_visitor() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), written(A))

    visit(stack(A, B))

    assert visit.state.screen is Screen.BORROW
    assert visit.state.books == (B,)


def test_books_left_on_the_pad_are_not_borrowed_again() -> None:
    visit = Visit()(came(), stack(A), tap(Action.CONFIRM), lent(A), written(A))

    visit(stack(A))

    assert visit.state.screen is Screen.DONE
