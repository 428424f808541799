"""What a batch costs the database does not depend on how much came before."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, create_engine, select
from sqlalchemy import event as happening

from sync.hub.county import catalogue
from sync.hub.intake import intake
from sync.hub.store.among import among
from sync.hub.store.setup import Hub
from sync.protocol import Event
from tests.bench.long_drain import LongDrain
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    Kiosk,
    book,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

BATCH = 50
#: What facts and loans are found by.
INDEXES = ("ix_facts_item", "ix_facts_title_id", "ix_loans_item")
#: Rows that PostgreSQL has read in a transaction, found by an index or not.
_ROWS_READ = """
    SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)
    FROM pg_stat_xact_user_tables
"""


@dataclass
class Cost:
    """`work`: steps of SQLite's machine, or rows that PostgreSQL has read."""

    statements: int = 0
    work: int = 0


def test_batch_after_2000_events_costs_what_it_cost_after_200(hub: Hub) -> None:
    """Control: without an index the same count sees each batch read the whole table."""
    drain = LongDrain(hub, short_s=3600.0)  # a slow machine would cut batches

    drain.send(200)
    early = _cost(hub, drain)
    for _ in range(8):
        drain.send(200)
    drain.send(100)
    late = _cost(hub, drain)
    _change(hub, *(f"DROP INDEX {name}" for name in INDEXES))
    control = _cost(hub, drain)

    assert late.statements <= early.statements * 1.1
    assert late.work <= early.work * 1.3
    assert control.work > late.work * 1.8


def test_kiosk_that_lags_costs_the_same_however_much_its_readers_borrowed_since(
    county: County,
) -> None:
    """Control: books that are still out count against all that was lent since."""
    names = [f"book-{number}" for number in range(4 * BATCH)]
    with county.hub.database.writing() as conn:
        catalogue.put_items(conn, [book(name) for name in names])
    times = [NOON + number * 60 * MINUTE for number in range(3)]
    many, still_out = names[:75], names[125:175]
    once, again = names[75:100], names[100:125]

    _busy_days(county, many, 1, 3)
    early = _cost_of(county, *_lent_and_returned(county, county.k2, once, times[0]))
    _busy_days(county, many, 3, 15)
    late = _cost_of(county, *_lent_and_returned(county, county.k2, again, times[1]))
    control = _cost_of(county, *_lent(county, county.k2, still_out, times[2]))

    assert late.statements <= early.statements * 1.1
    assert late.work <= early.work * 2  # seven times as many loans since
    assert control.work > late.work * 4


def test_search_among_values_looks_into_the_index() -> None:
    """Control: a condition that must be true, as a number, is no help to SQLite."""
    table = Table("books", MetaData(), Column("number", Integer, primary_key=True))
    engine = create_engine("sqlite://")
    query = select(table).where(among(table.c.number, "numbers"))

    with engine.connect() as conn:
        table.create(conn)
        words = str(query.compile(engine))
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", ("[1]",)).all()
        plain = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {words} = 1", ("[1]",)).all()
    engine.dispose()

    assert plan[0][-1].startswith("SEARCH books USING INTEGER PRIMARY KEY")
    assert plain[0][-1].startswith("SCAN books")


def test_transaction_may_last_as_long_again_as_reading_took_it() -> None:
    slow = intake.time_up(0.03, _clock(0.0, 0.2, 0.3, 0.41))
    quick = intake.time_up(0.03, _clock(0.0, 0.01, 0.035, 0.041))
    single = intake.time_up(0.0, _clock(0.0, 0.2))

    assert [slow() for _ in range(3)] == [False, False, True]
    assert [quick() for _ in range(3)] == [False, False, True]
    assert single()


def _clock(*times_s: float) -> Callable[[], float]:
    return iter(times_s).__next__


def _cost(hub: Hub, drain: LongDrain) -> Cost:
    """Of a batch, or of one more that was luckier."""
    if hub.database.is_shared:
        _change(hub, "ANALYZE")  # else PostgreSQL does so at a time of its own
    first, second = _one_batch(hub, drain), _one_batch(hub, drain)
    return min(first, second, key=lambda cost: cost.work)


def _one_batch(hub: Hub, drain: LongDrain) -> Cost:
    with _counted(hub) as cost:
        drain.send(BATCH)
    return cost


def _lent(
    county: County, kiosk: Kiosk, items: Sequence[str], since: dt.datetime = NOON
) -> list[Event]:
    """To one reader, all within an hour."""
    times = (since + number * MINUTE for number in range(len(items)))
    reader = county.refs["R1"]
    return [
        kiosk.lends(item, reader, at) for item, at in zip(items, times, strict=True)
    ]


def _lent_and_returned(
    county: County, kiosk: Kiosk, items: Sequence[str], since: dt.datetime = NOON
) -> list[Event]:
    events: list[Event] = []
    for number, item in enumerate(items):
        at = since + number * MINUTE
        lent = kiosk.lends(item, county.refs["R1"], at)
        back = kiosk.takes_back(item, at + MINUTE / 2, loan_ref=lent.loan_ref)
        events += [lent, back]
    return events


def _busy_days(county: County, items: Sequence[str], first: int, end: int) -> None:
    for day in range(first, end):
        events = _lent_and_returned(county, county.k1, items, NOON + day * DAY)
        county.send(*events, now=NOON + 20 * DAY)


def _cost_of(county: County, *events: Event) -> Cost:
    if county.hub.database.is_shared:
        _change(county.hub, "ANALYZE")
    with _counted(county.hub) as cost:
        county.send(*events, now=NOON + 20 * DAY)
    return cost


@contextmanager
def _counted(hub: Hub) -> Iterator[Cost]:
    cost, engine = Cost(), hub.database.engine

    def asked(*_statement: Any) -> None:
        cost.statements += 1

    def step() -> int:
        cost.work += 1
        return 0

    def begun(conn: Any) -> None:
        dbapi = conn.connection.dbapi_connection
        if isinstance(dbapi, sqlite3.Connection):
            dbapi.set_progress_handler(step, 10)
        else:  # a small table is read whole: that would hide what a large one costs
            dbapi.execute("SET LOCAL enable_seqscan = off")
            # PostgreSQL may not have handed over yet what it read before.
            cost.work -= _rows_read(dbapi)

    def ends(conn: Any) -> None:
        dbapi = conn.connection.dbapi_connection
        if isinstance(dbapi, sqlite3.Connection):
            dbapi.set_progress_handler(None, 0)
        else:
            cost.work += _rows_read(dbapi)

    happening.listen(engine, "before_cursor_execute", asked)
    happening.listen(engine, "begin", begun)
    happening.listen(engine, "commit", ends)
    yield cost
    happening.remove(engine, "before_cursor_execute", asked)
    happening.remove(engine, "begin", begun)
    happening.remove(engine, "commit", ends)


def _rows_read(dbapi: Any) -> int:
    return int(dbapi.execute(_ROWS_READ).fetchone()[0])


def _change(hub: Hub, *words: str) -> None:
    with hub.database.writing() as conn:
        for each in words:
            conn.exec_driver_sql(each)
