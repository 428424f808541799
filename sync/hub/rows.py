"""Rows in and out: write many by primary key, read one back as a domain value."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, insert, select, update
from sqlalchemy.sql.expression import ColumnElement

from kiosk.domain.values import (
    Item,
    ItemState,
    Loan,
    Patron,
    PatronState,
    Site,
    Title,
)
from sync.hub.masking import masked_name

Row = Mapping[str, Any]


def put_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert or overwrite rows by their one-column primary key; the last one wins.

    Inside `Database.writing()` nobody else writes, so looking first is safe.
    """
    (key,) = table.primary_key.columns
    latest = {row[key.name]: _plain(row) for row in rows}
    known = set(conn.execute(select(key).where(key.in_(latest.keys()))).scalars())
    fresh = [row for name, row in latest.items() if name not in known]
    if fresh:
        conn.execute(insert(table), fresh)
    if known:
        _overwrite(conn, table, key, [latest[name] for name in known])


def one(conn: Connection, table: Table, key: str) -> RowMapping | None:
    """The row with this one-column primary key."""
    (column,) = table.primary_key.columns
    found = conn.execute(select(table).where(column == key))
    return found.mappings().one_or_none()


def _plain(row: Row) -> Row:
    """Enums by their value; database drivers disagree about them."""
    return {
        name: value.value if isinstance(value, enum.Enum) else value
        for name, value in row.items()
    }


def _overwrite(
    conn: Connection, table: Table, key: ColumnElement[Any], rows: Sequence[Row]
) -> None:
    name = key.key or ""
    statement = (
        update(table)
        .where(key == bindparam("old_key"))
        .values({column: bindparam(f"new_{column}") for column in rows[0]})
    )
    values = [
        {f"new_{column}": value for column, value in row.items()}
        | {"old_key": row[name]}
        for row in rows
    ]
    conn.execute(statement, values)


def patron_value(row: RowMapping) -> Patron:
    """The patron as a kiosk may know one: no number, the name masked."""
    return Patron(
        patron_ref=row["patron_ref"],
        patron_type=row["patron_type"],
        state=PatronState(row["state"]),
        name=masked_name(row["name"]),
        expires_on=row["expires_on"],
    )


def title_value(row: RowMapping) -> Title:
    return Title(**row)


def item_value(row: RowMapping) -> Item:
    return Item(**{**row, "state": ItemState(row["state"])})


def site_value(row: RowMapping) -> Site:
    return Site(**row)


def loan_value(row: RowMapping) -> Loan:
    return Loan(
        loan_ref=row["loan_ref"],
        item=row["item"],
        patron_ref=row["patron_ref"],
        loaned_at=row["loaned_at"],
        due_on=row["due_on"],
    )
