"""Statements of the way of a loan, rendered once and given straight to the driver.

SQLAlchemy looks up its rendering of a statement at each execution and makes a result
of it; for the few that every loan runs, that costs more than SQLite's own work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement

#: What SQLite takes and gives as it is: no type of SQLAlchemy converts anything here.
Value = str | int | bytes | None
Row = tuple[Value, ...]
_DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")


class Prepared:
    """A statement as text; a row holds its values in the order of `names`.

    Errors are SQLAlchemy's, as of any other statement.
    """

    def __init__(self, statement: ClauseElement, *names: str) -> None:
        """Raises ValueError if its parameters are other ones, or in another order."""
        compiled = _DIALECT.statement_compiler(_DIALECT, statement, column_keys=names)
        if tuple(compiled.positiontup or ()) != names:
            raise ValueError(f"{compiled} takes {compiled.positiontup}, not {names}")
        self._text = str(compiled)

    def run(self, connection: Connection, row: Row = ()) -> None:
        run_text(connection, self._text, row)

    def run_each(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it for each row; not at all for none."""
        if len(rows) == 1:
            self.run(connection, rows[0])
        elif rows:
            with _as_sqlalchemy_says_it(self._text):
                _driver(connection).executemany(self._text, rows)

    def rows(self, connection: Connection, row: Row = ()) -> Iterator[Any]:
        """What it finds, one tuple after the other."""
        return rows_of(connection, self._text, row)


def run_text(connection: Connection, text: str, row: Row = ()) -> None:
    with _as_sqlalchemy_says_it(text):
        _driver(connection).execute(text, row).close()


def rows_of(connection: Connection, text: str, row: Row = ()) -> Iterator[Any]:
    with (
        _as_sqlalchemy_says_it(text),
        closing(_driver(connection).execute(text, row)) as cursor,
    ):
        yield from cursor


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


@contextmanager
def _as_sqlalchemy_says_it(text: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as err:
        raise DBAPIError(text, None, err) from err
