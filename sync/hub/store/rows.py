"""Rows in and out: write many by primary key, read one back as a domain value."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Table,
    TextClause,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects import sqlite

from kiosk.domain.values import (
    Item,
    ItemState,
    Loan,
    Patron,
    PatronState,
    Site,
    Title,
)
from sync.hub.county.masking import masked_name

Row = Mapping[str, Any]


def put_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert or overwrite rows by their primary key; the last one wins."""
    keys = [column.name for column in table.primary_key.columns]
    latest = {tuple(row[name] for name in keys): _plain(row) for row in rows}
    if latest:
        columns = tuple(next(iter(latest.values())))
        statement = _upsert(table, columns)
        conn.execute(statement, list(latest.values()))


def one(conn: Connection, table: Table, key: str) -> RowMapping | None:
    """The row with this one-column primary key."""
    return conn.execute(_by_key(table), {"key": key}).mappings().one_or_none()


@cache
def _by_key(table: Table) -> Select[Any]:
    (column,) = table.primary_key.columns
    return select(table).where(column == bindparam("key"))


@cache
def _upsert(table: Table, columns: tuple[str, ...]) -> TextClause:
    """Written by SQLAlchemy, once: it would do it anew at every execution.

    PostgreSQL takes the very words that SQLite does.
    """
    keys = [column.name for column in table.primary_key.columns]
    statement = sqlite.insert(table)
    others = {name: statement.excluded[name] for name in columns if name not in keys}
    upsert = statement.on_conflict_do_update(index_elements=keys, set_=others)
    named = sqlite.dialect(paramstyle="named")
    words = str(upsert.compile(dialect=named, column_keys=list(columns)))
    types = [bindparam(name, type_=table.c[name].type) for name in columns]
    return text(words).bindparams(*types)


def _plain(row: Row) -> Row:
    """Enums by their value; database drivers disagree about them."""
    return {
        name: value.value if isinstance(value, enum.Enum) else value
        for name, value in row.items()
    }


def patron_value(row: Row | RowMapping) -> Patron:
    """The patron as a kiosk may know one: no number, the name masked."""
    return Patron(
        patron_ref=row["patron_ref"],
        patron_type=row["patron_type"],
        state=PatronState(row["state"]),
        name=masked_name(row["name"]),
        expires_on=row["expires_on"],
        loan_limit=row["loan_limit"],
    )


def title_value(row: Row | RowMapping) -> Title:
    return Title(**row)


def item_value(row: Row | RowMapping) -> Item:
    return Item(**{**row, "state": ItemState(row["state"])})


def site_value(row: Row | RowMapping) -> Site:
    """The site as kiosks know it; the county keeps more of it."""
    return Site(**{field.name: row[field.name] for field in fields(Site)})


def loan_value(row: Row | RowMapping) -> Loan:
    return Loan(
        loan_ref=row["loan_ref"],
        item=row["item"],
        patron_ref=row["patron_ref"],
        loaned_at=row["loaned_at"],
        due_on=row["due_on"],
    )
