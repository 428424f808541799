from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.domain.ending import idle_left, wakes_at
from kiosk.domain.session import (
    Book,
    BookClass,
    BookScanned,
    CardTaken,
    Effect,
    FencePad,
    Input,
    Lend,
    Line,
    LoansSettled,
    Manners,
    Noticed,
    PatronCame,
    Recount,
    ReturnsRecorded,
    SecureTags,
    Session,
    SessionOver,
    StackChanged,
    TagsSecured,
    TakeBack,
    Ticked,
    Touched,
    Visitor,
)
from kiosk.domain.step import step
from kiosk.domain.values import Patron, PatronState
from kiosk.view import Action, LineState, Message, Screen

MANNERS = Manners(idle_s=60, warning_s=20)
VISITOR = Visitor(Patron("p1", "ADULT", PatronState.VALID, "张*华"), remaining=5)
OTHER = Visitor(Patron("p2", "ADULT", PatronState.VALID, "李*"), remaining=5)


def book(name: str, kind: BookClass = BookClass.OWN) -> Book:
    return Book(name, kind, barcode=name, title=f"Title {name}", uids=(f"E0{name}",))


A, B, C = book("A"), book("B"), book("C")
FOREIGN = book("F", BookClass.FOREIGN)


class Visit:
    """Plays inputs into the step and keeps the effects of each."""

    def __init__(self, manners: Manners = MANNERS) -> None:
        self.manners = manners
        self.state = Session()
        self.effects: list[Effect] = []
        self.now = 0.0

    def __call__(self, *events: Input) -> Visit:
        for event in events:
            self.state, effects = step(self.state, event, self.now, self.manners)
            self.effects = list(effects)
        return self

    def after(self, seconds: float) -> Visit:
        self.now += seconds
        return self(Ticked())


def tap(action: Action, value: str = "") -> Touched:
    return Touched(action, value)


def came(visitor: Visitor = VISITOR) -> PatronCame:
    return PatronCame(visitor, f"session-{visitor.patron.patron_ref}")


def stack(*books: Book, stable: bool = True) -> StackChanged:
    return StackChanged(books, stable)


def lent(*books: Book) -> LoansSettled:
    return LoansSettled(tuple(Line(each, LineState.WORKING) for each in books), "R-1")


def written(*books: Book) -> TagsSecured:
    return TagsSecured(
        frozenset(uid for each in books for uid in each.uids), frozenset()
    )


def failed(*books: Book) -> TagsSecured:
    return TagsSecured(
        frozenset(), frozenset(uid for each in books for uid in each.uids)
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


def test_a_book_lent_by_its_barcode_is_disarmed_when_it_is_laid_down() -> None:
    visit = lent_by_barcode()(stack(A))

    assert visit.effects == [SecureTags((A,), lent=True)]
    assert visit(stack(A)).effects == []
    assert visit(failed(A)).state.lines[0].state is LineState.PUT_BACK


def test_a_tag_that_came_while_its_book_was_being_lent_is_disarmed() -> None:
    visit = Visit()(came(), BookScanned(A_SCANNED), tap(Action.CONFIRM), stack(A))

    visit(LoansSettled((Line(A_SCANNED, LineState.OK),), "R-1"))

    assert visit.effects == [SecureTags((A,), lent=True)]


def test_a_book_returned_by_its_barcode_is_armed_when_it_is_laid_down() -> None:
    visit = Visit()(tap(Action.RETURN), BookScanned(A_SCANNED))
    visit(ReturnsRecorded((Line(A_SCANNED, LineState.OK),), "R-1"))

    assert visit(stack(A)).effects == [SecureTags((A,), lent=False)]


def test_the_tag_of_a_book_that_was_refused_is_left_alone() -> None:
    visit = Visit()(came(), BookScanned(A_SCANNED), tap(Action.CONFIRM))
    visit(LoansSettled((Line(A_SCANNED, LineState.REFUSED),), None))

    assert visit(stack(A)).effects == []
