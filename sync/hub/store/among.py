"""One of many values, in words that stay the same however many there are.

`IN` names every value, so the database would have to read and plan each length anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Dialect,
    Select,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine


def among(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """A condition: the column has one of the values that `parameter` will hold."""
    return _Among(column, bindparam(parameter, type_=_Values(column.type)))


class _Among(FunctionElement[Any]):
    #: Not `Boolean`: where a database has none, SQLAlchemy would ask for `… = 1`, and
    #: SQLite would then read the whole table instead of looking into an index.
    type = NullType()
    inherit_cache = True


class _Values(TypeDecorator[Iterable[object]]):
    """An array where the database has arrays, else JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        super().__init__()
        self.each = each

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        has_arrays = dialect.name == "postgresql"
        return ARRAY(self.each) if has_arrays else super().load_dialect_impl(dialect)

    def process_bind_param(
        self, value: Iterable[object] | None, dialect: Dialect
    ) -> object:
        values = list(value or ())
        if dialect.name == "postgresql":
            return values
        return msgspec.json.encode(values).decode()


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = element.clauses
    words: str = compiler.process(column == any_(values), **how)
    return words


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = element.clauses
    rows: Select[Any] = select(literal_column("value")).select_from(
        func.json_each(values)
    )
    words: str = compiler.process(column.in_(rows), **how)
    return words
