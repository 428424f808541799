"""Whom and what the newest events are about, by item and by patron, in memory.

Weeks without a hub leave 100,000 events unsettled, and each loan asks four times
which of them are about its reader and its books. Indexes on the card would cost each
loan two more pages; these live as long as the writing connection, and are made of
what the file says.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    select,
)

from kiosk.store.ledger_schema import subjects
from kiosk.store.prepared import Prepared

#: So many rows of events that were settled since are kept before all is read anew.
MOST_SETTLED = 10_000

_memory = MetaData(schema="temp")
#: Its first row is of the event behind which it begins, and says nothing of it.
_recent = Table(
    "recent_subject",
    _memory,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("item", String, index=True),
    Column("patron_ref", String, index=True),
)
_master = Table("sqlite_temp_master", MetaData(), Column("name", String))

_EXISTS = Prepared(
    select(_master.c.name).where(_master.c.name == bindparam("name")), "name"
)
_SPAN = Prepared(
    select(
        select(func.min(_recent.c.number)).scalar_subquery(),
        select(func.max(_recent.c.number)).scalar_subquery(),
    )
)
_BEGIN = Prepared(_recent.insert(), "number", "item", "patron_ref")
_FORGET = Prepared(_recent.delete())
_CATCH_UP = Prepared(
    _recent.insert().from_select(
        list(subjects.c), select(subjects).where(subjects.c.number > bindparam("known"))
    ),
    "known",
)


def recent_subjects(connection: Connection, after: int, last: int) -> Table:
    """A table like `subjects`, indexed; it has every event numbered after + 1 … last.

    The first question on a connection reads them all, a later one those that are new.
    """
    span = _span(connection)
    if span is None:
        _memory.create_all(connection, checkfirst=False)
    elif not span[0] <= after <= span[0] + MOST_SETTLED:
        _FORGET.run(connection)
        span = None
    if span is None:
        span = (after, after)
        _BEGIN.run(connection, (after, None, None))
    if span[1] < last:
        _CATCH_UP.run(connection, (span[1],))
    return _recent


def _span(connection: Connection) -> tuple[int, int] | None:
    """The first and the last number in it, None before the first question."""
    if next(_EXISTS.rows(connection, (_recent.name,)), None) is None:
        return None
    ((first, last),) = _SPAN.rows(connection)
    return int(first), int(last)
