from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.domain.session import Book
from kiosk.service.daybook import Result
from kiosk.service.ports import LedgerError, Security
from kiosk.store.ledger import SqliteLedger
from kiosk.view import LineState, Message
from sync.protocol import Clock, Kind
from tests.integration.kiosk_world import (
    READER,
    World,
    book,
    read_only,
    scanned,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


def take_back(
    world: World, *books: Book, armed: Security | None = Security.IN
) -> Result:
    seen = {uid: armed for each in books for uid in each.uids}
    return world.returning.take_back(books, seen, None)


def hint(result: Result) -> Message | None:
    return result.lines[0].message


def test_a_return_quotes_the_loan_it_ends(world: World) -> None:
    world.on_loan("B1")

    take_back(world, book("B1"))

    (event,) = world.events()
    assert (event.kind, event.item) == (Kind.CHECKIN, "B1")
    assert (event.loan_ref, event.patron_ref) == ("L-B1", "P1")
    assert event.payload == {"by": "rfid", "tag_uids": ["E004B1"], "title": ""}
    assert event.session_id is None


def test_an_armed_book_is_done_and_its_tag_needs_nothing_more(world: World) -> None:
    world.on_loan("B1")

    result = take_back(world, book("B1"))

    assert (result.lines[0].state, hint(result)) == (
        LineState.OK,
        Message("return.ok"),
    )
    assert world.ledger.unhealed_tags() == ()
    assert world.knowledge.loan_of("B1") is None


@pytest.mark.parametrize("seen", [None, Security.OUT])
def test_a_book_whose_tag_was_not_armed_is_returned_and_asked_back(
    world: World, seen: Security | None
) -> None:
    world.on_loan("B1")

    result = take_back(world, book("B1"), armed=seen)

    line = result.lines[0]
    assert line.state is LineState.PUT_BACK
    assert line.unwritten == {"E004B1"}
    assert world.knowledge.loan_of("B1") is None
    assert [tag.uid for tag in world.ledger.unhealed_tags()] == ["E004B1"]


def test_one_unarmed_tag_of_a_set_is_enough_to_ask_it_back(world: World) -> None:
    both = book("B1", "E1", "E2")

    result = world.returning.take_back(
        [both], {"E1": Security.IN, "E2": None}, "session"
    )

    assert result.lines[0].unwritten == {"E2"}


def test_a_book_that_is_on_nobodys_loan_was_returned_already(world: World) -> None:
    result = take_back(world, book("B1"))

    assert hint(result) == Message("return.already")
    assert world.kinds() == ["CHECKIN"]
    assert world.events()[0].loan_ref is None


def test_a_loan_made_here_and_not_yet_known_to_the_hub_is_returned(
    world: World,
) -> None:
    world.lending.lend_alone(READER, [scanned("B1")], "session")

    result = take_back(world, scanned("B1"))

    checkout, checkin = world.events()
    assert checkin.loan_ref == checkout.loan_ref
    assert hint(result) == Message("return.ok")
    assert hint(take_back(world, scanned("B1"))) == Message("return.already")


def test_a_late_book_is_told_its_days(world: World) -> None:
    world.on_loan("B1")
    world.clock(Clock.RTC, days=33)

    assert hint(take_back(world, book("B1"))) == Message("return.late", {"n": 3})


def test_a_book_on_its_last_day_is_not_late(world: World) -> None:
    world.on_loan("B1")
    world.clock(Clock.RTC, days=30)

    assert hint(take_back(world, book("B1"))) == Message("return.ok")


def test_a_guessed_clock_calls_nobody_late(world: World) -> None:
    world.on_loan("B1")
    world.clock(Clock.GUESSED, days=33)

    assert hint(take_back(world, book("B1"))) == Message("return.ok")


def test_a_loan_whose_date_follows_is_never_late(world: World) -> None:
    world.clock(Clock.GUESSED)
    world.lending.lend_alone(READER, [scanned("B1")], "session")
    world.clock(Clock.SYNCED, days=400)

    assert hint(take_back(world, scanned("B1"))) == Message("return.ok")


def test_a_book_of_another_site_is_told_where_it_belongs(world: World) -> None:
    world.on_loan("F1")

    result = take_back(world, book("F1"))

    owner = {"owner": "云岭县图书馆"}
    assert hint(result) == Message("return.other_site", owner)


def test_a_book_that_the_mirror_does_not_know_is_taken_all_the_same(
    world: World,
) -> None:
    result = take_back(world, book("X9"))

    assert world.kinds() == ["CHECKIN"]
    assert hint(result) == Message("return.ok")


def test_a_mirror_that_is_being_filled_says_nothing_of_loans(world: World) -> None:
    world.hub.empty()
    world.tell()

    assert hint(take_back(world, book("B1"))) == Message("return.ok")


def test_several_books_are_one_record_with_one_receipt(world: World) -> None:
    result = take_back(world, book("B1"), scanned("B2"))

    assert world.kinds() == ["CHECKIN", "CHECKIN"]
    assert result.receipt == "S1-000001"


def test_when_the_ledger_refuses_nothing_was_returned(world: World) -> None:
    world.on_loan("B1")

    with read_only(world.ledger), pytest.raises(LedgerError):
        take_back(world, book("B1"))

    assert world.events() == ()
    assert world.knowledge.loan_of("B1") is not None


def test_a_return_stands_even_if_what_was_read_back_can_not_be_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_ledger: SqliteLedger, _seen: object) -> None:
        raise LedgerError("the medium failed between two transactions")

    world.on_loan("B1")
    monkeypatch.setattr(SqliteLedger, "note_seen", fail)

    result = take_back(world, book("B1"))

    assert result.lines[0].state is LineState.OK
    assert world.kinds() == ["CHECKIN"]
    assert [tag.uid for tag in world.ledger.unhealed_tags()] == ["E004B1"]


def test_the_end_of_a_session_is_recorded_with_its_counts(world: World) -> None:
    world.daybook.end_session("session-1", loans=2, returns=0)

    (event,) = world.events()
    assert (event.kind, event.session_id) == (Kind.SESSION_ENDED, "session-1")
    assert event.payload == {"loans": 2, "returns": 0}
