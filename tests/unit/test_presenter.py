from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from kiosk.domain.session import Book, BookClass, Line, Session, Visitor
from kiosk.domain.values import Patron, PatronState
from kiosk.presenter import Surroundings, present
from kiosk.view import LineState, Message, PatronLine, Screen, SiteLine, View

SITE = SiteLine("云岭县马坪村图书服务点")
AROUND = Surroundings(SITE, max_books=6)
VISITOR = Visitor(Patron("P1", "ADULT", PatronState.VALID, "张*华"), remaining=4)
A = Book("A", BookClass.OWN, "A", "乡村医生手册", "李明", ("E0A",))
B = Book("B", BookClass.OWN, "B", "", "", ("E0B",))
FOREIGN = Book("F", BookClass.FOREIGN, "F", uids=("E0F",))
BROKEN_SET = Book("S", BookClass.INCOMPLETE, "S", uids=("E0S",), missing=2)
JUNE = Message("line.due", {"date": dt.date(2026, 6, 3)})
JULY = Message("line.due", {"date": dt.date(2026, 7, 1)})


def shown(session: Session, around: Surroundings = AROUND) -> View:
    return present(session, around, revision=7, step="s-1", idle_s=None)


def borrowing(*books: Book, stable: bool = True) -> Session:
    return Session(
        Screen.BORROW, visitor=VISITOR, session_id="x", on_pad=books, stable=stable
    )


def done(*lines: Line) -> Session:
    return Session(Screen.DONE, visitor=VISITOR, lines=lines)


def test_the_home_screen_counts_books_that_lie_there_already() -> None:
    assert shown(Session()).headline is None
    assert shown(Session(on_pad=(A, B))).headline == Message("home.books", {"n": 2})


def test_an_empty_pad_asks_for_books() -> None:
    assert shown(borrowing()).headline == Message("borrow.put", {"max": 6})


def test_a_moving_stack_is_being_counted() -> None:
    assert shown(borrowing(A, stable=False)).headline == Message("borrow.counting")
    assert shown(borrowing(A)).headline == Message("borrow.count", {"n": 1})


def test_scanned_books_need_no_counting() -> None:
    session = replace(borrowing(stable=False), scanned=(A,))

    assert shown(session).headline == Message("borrow.count", {"n": 1})


def test_only_what_circulates_is_counted_and_the_rest_is_named() -> None:
    view = shown(borrowing(A, FOREIGN, BROKEN_SET))

    assert (view.count, view.headline) == (1, Message("borrow.count", {"n": 1}))
    assert [(line.state, line.message) for line in view.books] == [
        (LineState.WAITING, None),
        (LineState.REFUSED, Message("E-FOREIGN")),
        (LineState.REFUSED, Message("E-SET", {"n": 2})),
    ]


def test_the_patron_is_shown_with_a_masked_name_and_what_is_left() -> None:
    assert shown(borrowing()).patron == PatronLine("张*华", 4)
    assert shown(Session()).patron is None


@pytest.mark.parametrize("state", [PatronState.LOST, PatronState.CANCELLED])
def test_lost_card_does_not_tell_its_finder_whose_it_was(state: PatronState) -> None:
    lost = replace(VISITOR, patron=replace(VISITOR.patron, state=state), remaining=0)

    view = shown(replace(borrowing(), visitor=lost))

    assert view.patron == PatronLine("", 0)
    assert not view.may_look
    assert shown(borrowing()).may_look


def test_a_result_names_the_earliest_date() -> None:
    view = shown(
        done(Line(A, LineState.OK, JULY), Line(B, LineState.OK, JUNE)),
    )

    assert view.headline == Message(
        "borrow.done", {"n": 2, "date": dt.date(2026, 6, 3)}
    )


def test_a_result_without_the_hub_says_so() -> None:
    view = shown(done(Line(A, LineState.OK, JUNE)), Surroundings(SITE, offline=True))

    assert view.headline is not None
    assert view.headline.id == "borrow.done_offline"


def test_a_result_without_a_date_says_that_it_follows() -> None:
    view = shown(done(Line(A, LineState.OK, Message("line.date_follows"))))

    assert view.headline == Message("borrow.done_date_follows", {"n": 1})


def test_a_result_in_part_counts_both_sides() -> None:
    view = shown(
        done(
            Line(A, LineState.OK, JUNE),
            Line(B, LineState.REFUSED, Message("E-LIMIT", {"n": 3})),
        )
    )

    assert view.headline == Message("borrow.partial", {"ok": 1, "bad": 1})


def test_a_result_of_nothing_says_so() -> None:
    view = shown(done(Line(A, LineState.REFUSED, Message("E-STORAGE"))))

    assert view.headline == Message("borrow.none")


def test_books_to_be_put_back_are_named_by_title_or_number() -> None:
    view = shown(
        done(
            Line(A, LineState.PUT_BACK, JUNE, frozenset(A.uids)),
            Line(B, LineState.PUT_BACK, JUNE, frozenset(B.uids)),
        )
    )

    assert view.put_back == ("乡村医生手册", "B")


def test_a_result_hides_the_stack_that_it_came_from() -> None:
    session = replace(done(Line(A, LineState.OK, JUNE)), on_pad=(A, FOREIGN))

    assert [line.key for line in shown(session).books] == ["A"]


def test_a_return_counts_what_is_recorded_and_lists_what_can_not_be() -> None:
    session = Session(
        Screen.RETURN, lines=(Line(A, LineState.OK),), on_pad=(A, FOREIGN)
    )

    view = shown(session)

    assert view.headline == Message("return.done", {"n": 1})
    assert [line.key for line in view.books] == ["A", "F"]


def test_a_return_under_way_is_not_counted_yet() -> None:
    session = Session(Screen.RETURN, lines=(Line(A, LineState.WORKING),), on_pad=(A,))

    assert shown(session).headline == Message("return.put")


def test_what_surrounds_the_screen_is_on_every_view() -> None:
    banners = (Message("bar.offline"), Message("E-READER-DOWN"))

    view = shown(Session(notice=Message("E-ISBN")), Surroundings(SITE, banners))

    assert (view.site, view.banners) == (SITE, banners)
    assert (view.revision, view.step) == (7, "s-1")
    assert view.notice == Message("E-ISBN")
