"""Rows in and out: write many by primary key, read one back as a domain value."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    Text,
    TextClause,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from kiosk.domain.values import (
    Hold,
    Item,
    ItemState,
    Loan,
    Patron,
    PatronState,
    Site,
    Title,
)
from sync.hub.county.masking import masked_name
from sync.hub.store.schema.base import UtcTime, as_stored

_Upsert = TypeVar("_Upsert", sqlite.Insert, postgresql.Insert)
Row = Mapping[str, Any]


def put_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert or overwrite rows by their primary key; the last one wins.

    Rows that are nothing but a key are inserted, or are there already.
    """
    keys = [column.name for column in table.primary_key.columns]
    latest = {tuple(row[name] for name in keys): _plain(row) for row in rows}
    _write(conn, table, list(latest.values()), overwrite=True)


def add_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that are not there yet. Raises IntegrityError if one is."""
    _write(conn, table, rows, overwrite=False)


def one(conn: Connection, table: Table, key: str) -> RowMapping | None:
    """The row with this one-column primary key."""
    return conn.execute(_by_key(table), {"key": key}).mappings().one_or_none()


@cache
def _by_key(table: Table) -> Select[Any]:
    (column,) = table.primary_key.columns
    return select(table).where(column == bindparam("key"))


def _write(
    conn: Connection, table: Table, rows: Sequence[Row], *, overwrite: bool
) -> None:
    """All rows have the same columns. A server gets them as one value, in one go."""
    if not rows:
        return
    columns = tuple(rows[0])
    if conn.dialect.name == "postgresql":
        statement = _insert_all(table, columns, overwrite=overwrite)
        conn.execute(statement, {"rows": _as_json(table, rows)})
    else:
        conn.execute(_insert_each(table, columns, overwrite=overwrite), rows)


@cache
def _insert_each(
    table: Table, columns: tuple[str, ...], *, overwrite: bool
) -> TextClause:
    """Written by SQLAlchemy, once: it would do it anew at every execution."""
    statement = sqlite.insert(table)
    if overwrite:
        statement = _overwriting(table, statement, columns)
    named = sqlite.dialect(paramstyle="named")
    words = str(statement.compile(dialect=named, column_keys=list(columns)))
    types = [bindparam(name, type_=table.c[name].type) for name in columns]
    return text(words).bindparams(*types)


@cache
def _insert_all(
    table: Table, columns: tuple[str, ...], *, overwrite: bool
) -> TextClause:
    """The same for rows that come as one JSON array, which costs a server far less."""
    like: ColumnElement[Any] = literal_column(f"NULL::{table.name}")
    given = func.json_populate_recordset(like, cast(bindparam("rows"), JSON))
    sent = given.table_valued(*columns)
    statement = postgresql.insert(table).from_select(
        columns, select(*(sent.c[name] for name in columns))
    )
    if overwrite:
        statement = _overwriting(table, statement, columns)
    named = postgresql.dialect(  # type: ignore[no-untyped-call]  # untyped there
        paramstyle="named"
    )
    words = str(statement.compile(dialect=named))
    return text(words).bindparams(bindparam("rows", type_=Text))


def _overwriting(table: Table, statement: _Upsert, columns: Sequence[str]) -> _Upsert:
    keys = [column.name for column in table.primary_key.columns]
    others = {name: statement.excluded[name] for name in columns if name not in keys}
    if not others:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def _as_json(table: Table, rows: Sequence[Row]) -> str:
    """Times as the columns keep them: in UTC, without saying so."""
    times = [column.name for column in table.c if isinstance(column.type, UtcTime)]
    plain = [
        {**row, **{name: as_stored(row[name]) for name in times if name in row}}
        for row in rows
    ]
    return msgspec.json.encode(plain).decode()


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


def hold_value(row: Row | RowMapping) -> Hold:
    """The hold as kiosks know it: its state follows from where its copy is."""
    return Hold(**{field.name: row[field.name] for field in fields(Hold)})


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
        renewed=row["renewed"],
    )
