"""What a loan or a return asks of the databases does not grow with what is unsent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event as happening
from sqlalchemy.pool import Pool

from kiosk.service.returning import Returning
from kiosk.store import recent_subjects
from kiosk.store.ledger_reader import LedgerReader
from tests.bench.ledger_backlog import fill
from tests.bench.lending_point import LendingPoint, lending_point

FEW, MANY = 100, 3_000
_STEPS_AT_ONCE = 10
Act = Callable[[LendingPoint, int], object]


@pytest.fixture
def point(tmp_path: Path) -> Iterator[LendingPoint]:
    with lending_point(tmp_path, patrons=20) as point:
        yield point


def lend(point: LendingPoint, patron: int) -> None:
    point.lend(patron, 2)


def take_back(point: LendingPoint, patron: int) -> None:
    Returning(point.lending.daybook).take_back(point.stack(patron, 2), {}, "S")


@contextmanager
def steps() -> Iterator[list[int]]:
    """Tens of steps that SQLite makes in this process, ledger and mirror together."""
    count = [0]

    def step() -> int:
        count[0] += 1
        return 0

    def out(dbapi: sqlite3.Connection, *_: object) -> None:
        dbapi.set_progress_handler(step, _STEPS_AT_ONCE)

    def back(dbapi: sqlite3.Connection, *_: object) -> None:
        dbapi.set_progress_handler(None, 0)

    happening.listen(Pool, "checkout", out)
    happening.listen(Pool, "checkin", back)
    yield count
    happening.remove(Pool, "checkout", out)
    happening.remove(Pool, "checkin", back)


def cost_of(act: Act, point: LendingPoint, patron: int) -> int:
    """Of the second time: the first one reads what the first question has to."""
    act(point, patron)
    with steps() as count:
        act(point, patron + 1)
    return count[0]


@pytest.mark.parametrize("act", [lend, take_back])
def test_visit_beside_many_unsent_events_costs_what_it_cost_beside_few(
    point: LendingPoint, act: Act
) -> None:
    list(fill(point, point.ledger, FEW))
    few = cost_of(act, point, 0)
    list(fill(point, point.ledger, MANY))
    many = cost_of(act, point, 2)

    assert many <= few * 1.3


def test_steps_show_a_question_that_reads_all_that_is_unsent(
    point: LendingPoint, tmp_path: Path
) -> None:
    """Control: the agent asks so seldom that it looks without an index."""

    def read_through(point: LendingPoint, patron: int) -> None:
        ref = point.patron(patron).patron_ref
        LedgerReader(tmp_path / "ledger.db").events_of_patron(ref, 0)

    list(fill(point, point.ledger, FEW))
    few = cost_of(read_through, point, 0)
    list(fill(point, point.ledger, MANY))
    many = cost_of(read_through, point, 2)

    assert many > few * 3


def test_first_question_after_a_start_finds_what_was_lent_before(
    tmp_path: Path,
) -> None:
    with lending_point(tmp_path, patrons=2) as point:
        point.lend(0, 2)
    with lending_point(tmp_path, patrons=2) as point:
        knowledge = point.lending.daybook.knowledge
        found = knowledge.loans_of(point.patron(0).patron_ref)
        none = knowledge.loans_of(point.patron(1).patron_ref)
        point.lend(1, 1)
        new = knowledge.loans_of(point.patron(1).patron_ref)

    assert [len(loans) for loans in (found, none, new)] == [2, 0, 1]


def test_what_is_asked_after_memory_began_later_and_earlier_again_is_whole(
    point: LendingPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins later once much is settled, earlier when the mirror is rebuilt."""
    monkeypatch.setattr(recent_subjects, "MOST_SETTLED", 10)
    point.lend(0, 1)
    list(fill(point, point.ledger, FEW))
    point.lend(0, 2)
    ref = point.patron(0).patron_ref

    every, later, again = (
        point.ledger.events_of_patron(ref, after) for after in (0, FEW, 0)
    )

    assert len(every) == 2
    assert later == every[1:]
    assert again == every
