"""Finds rows that hold something else than their columns are for.

SQLite keeps whatever it is given, whatever a column's type; its own checks do not
mind. A damaged row is to be found at the start, not in a patron's session.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    func,
    or_,
    select,
)

#: What a column's type is called once it is stored.
_STORED_AS = ((Integer, "integer"), (String, "text"), (LargeBinary, "blob"))


def misfits(table: Table) -> Select[Any]:
    """Rows of which a value has not the type of its column."""
    return select(table).where(or_(*map(_is_misfit, table.columns)))


def _is_misfit(column: Column[Any]) -> ColumnElement[bool]:
    (stored,) = (name for kind, name in _STORED_AS if isinstance(column.type, kind))
    allowed = [stored, "null"] if column.nullable else [stored]
    return func.typeof(column).not_in(allowed)
