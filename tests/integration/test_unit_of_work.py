"""Many events in one unit of work: few questions, and the same end as one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import event as happening
from sqlalchemy import select

from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema
from sync.protocol import Event, Outcome
from tests.integration.hub_world import (
    ITEMS,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

#: One more than a column holds, and still a time that can be worked with.
BEYOND_ALL_COLUMNS = 1 << 63


def test_a_row_that_was_put_is_found_before_it_is_written(county: County) -> None:
    with county.hub.database.writing() as conn:
        work = UnitOfWork(conn)
        work.items.fetch_having("title_id", ["t1", "t2"])

        work.items.put({"barcode": ITEMS[0], "title_id": "t2"})

        (moved,) = work.items.having("title_id", "t2")
        assert (moved["barcode"], moved["home_site"]) == (ITEMS[0], "A")
        assert len(work.items.having("title_id", "t1")) == len(ITEMS) - 1
        assert stored_titles(work) == {ITEMS[0]: "t2"}


def test_a_row_that_was_dropped_is_gone_and_may_be_put_again(county: County) -> None:
    with county.hub.database.writing() as conn:
        work = UnitOfWork(conn)
        row = work.items.get(ITEMS[0])
        assert row is not None

        work.items.drop(ITEMS[0])
        assert work.items.get(ITEMS[0]) is None
        assert len(work.items.having("title_id", "t1")) == len(ITEMS) - 1
        work.flush()
        assert work.items.get(ITEMS[0]) is None

        work.items.put({**row, "title_id": "t2"})
        assert stored_titles(work) == {ITEMS[0]: "t2"}


def test_what_the_database_itself_was_told_is_read_again(county: County) -> None:
    with county.hub.database.writing() as conn:
        work = UnitOfWork(conn)
        assert work.item(ITEMS[0]) is not None

        work.conn.execute(schema.items.delete())

        assert work.item(ITEMS[0]) is None


def test_content_that_only_the_database_refuses_costs_the_other_events_nothing(
    county: County,
) -> None:
    """It is found when all is written, and then parked by itself."""
    reader = county.refs["R1"]
    events = (
        county.k1.lends(ITEMS[0], reader),
        county.k1.lends(ITEMS[1], reader, monotonic_ns=BEYOND_ALL_COLUMNS),
        county.k1.takes_back(ITEMS[0], NOON + MINUTE),
    )

    taken = county.send(*events)
    again = county.send(*events)

    reasons = [verdict.reason for verdict in taken.verdicts]
    assert reasons[1] == "event_parked"
    assert taken.verdicts[1].outcome is Outcome.NEEDS_STAFF
    assert reasons[0] != "event_parked" != reasons[2]
    assert [loan["item"] for loan in county.loans()] == [ITEMS[0]]
    assert county.cases() == {"event_parked": "high"}
    assert [row["seq"] for row in county.rows(schema.events, "seq")] == [1, 2, 3]
    assert all(row["verdict"] for row in county.rows(schema.events, "seq"))
    assert again == taken


@pytest.mark.parametrize(("at_once", "most"), [(48, 3.0), (1, 62.0)])
def test_events_that_come_together_cost_few_statements_each(
    county: County, at_once: int, most: float
) -> None:
    """Control: one that comes alone needs more than all that share a transaction."""
    events = backlog(county)

    with statements(county) as sent:
        for first in range(0, len(events), at_once):
            county.send(*events[first : first + at_once])

    each = len(sent) / len(events)
    assert each < most
    assert at_once > 1 or each > 20
    assert len(county.loans()) == len(events) // 2


def stored_titles(work: UnitOfWork) -> dict[str, str]:
    """The items that are of another title by now, as the database has it."""
    items = schema.items.c
    rows = work.ask(select(items.barcode, items.title_id).where(items.title_id != "t1"))
    return {row.barcode: row.title_id for row in rows}


def backlog(county: County) -> Sequence[Event]:
    """Every book lent and brought back, three times."""
    events = []
    for number in range(3 * len(ITEMS)):
        item, at = ITEMS[number % len(ITEMS)], NOON + 2 * number * MINUTE
        reader = county.refs["R1" if number % 2 else "R2"]
        lent = county.k1.lends(item, reader, at)
        back = county.k1.takes_back(item, at + MINUTE, loan_ref=lent.loan_ref)
        events += [lent, back]
    return events


@contextmanager
def statements(county: County) -> Iterator[list[str]]:
    """What the database is sent meanwhile."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, words: str, *_rest: object) -> None:
        sent.append(words)

    engine = county.hub.database.engine
    happening.listen(engine, "before_cursor_execute", note)
    yield sent
    happening.remove(engine, "before_cursor_execute", note)
