from __future__ import annotations

import pytest
from sqlalchemy import bindparam, create_engine, select, text
from sqlalchemy.exc import DBAPIError

from kiosk.store.ledger_schema import events, metadata
from kiosk.store.prepared import Prepared, rows_of


def test_values_go_where_their_names_stand() -> None:
    new = Prepared(events.insert(), "number", "event_id", "hash", "body")
    one = Prepared(
        select(events.c.event_id).where(events.c.number == bindparam("n")), "n"
    )
    with create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)

        new.run_each(connection, [])
        new.run_each(connection, [(1, "a", b"h", b"b")])
        new.run_each(connection, [(2, "b", b"h", b"b"), (3, "c", b"h", b"b")])

        found = [next(one.rows(connection, (number,))) for number in (1, 2, 3)]
        assert found == [("a",), ("b",), ("c",)]
        with pytest.raises(DBAPIError, match="UNIQUE"):
            new.run(connection, (1, "d", b"h", b"b"))


@pytest.mark.parametrize("names", [("event_id", "number"), ("number",)])
def test_names_in_another_order_are_refused(names: tuple[str, ...]) -> None:
    pair = select(events.c.hash).where(
        events.c.number == bindparam("number"),
        events.c.event_id == bindparam("event_id"),
    )
    with pytest.raises(ValueError, match="number"):
        Prepared(pair, *names)


def test_trouble_after_the_first_row_is_sqlalchemys_as_well() -> None:
    late = "SELECT 1 UNION ALL SELECT abs(-9223372036854775808)"
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT 1"))

        with pytest.raises(DBAPIError, match="overflow"):
            list(rows_of(connection, late))
