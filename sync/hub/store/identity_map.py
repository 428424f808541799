"""Rows of one table as a transaction sees them: each read once, all written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Select, Table, delete, select

from sync.hub.store.among import among
from sync.hub.store.rows import Row, put_rows


class IdentityMap:
    """The rows of a table with a one-column primary key.

    `put` and `drop` are seen by every later question here, and by the database at
    the next `flush`. `columns` are those that `having` may be asked for.
    """

    def __init__(
        self, conn: Connection, table: Table, columns: Sequence[str] = ()
    ) -> None:
        (key,) = table.primary_key.columns
        self._conn = conn
        self._table = table
        self._key = key.name
        self._blank: Row = dict.fromkeys(table.c.keys())
        self._rows: dict[str, Row | None] = {}
        self._index: dict[str, dict[object, dict[str, None]]] = {
            name: defaultdict(dict) for name in columns
        }
        self._complete: set[tuple[str, object]] = set()
        self._changed: dict[str, None] = {}

    def get(self, key: str) -> Row | None:
        self.fetch([key])
        return self._rows[key]

    def some(self, keys: Iterable[str]) -> list[Row]:
        """The rows that there are under these keys."""
        wanted = tuple(keys)
        self.fetch(wanted)
        return [row for key in wanted if (row := self._rows[key]) is not None]

    def having(self, column: str, value: str) -> list[Row]:
        """All rows with this value, in no order."""
        self.fetch_having(column, [value])
        return self.known(column, value)

    def known(self, column: str, value: str) -> list[Row]:
        """Those with this value that were read or put, whatever else there is."""
        found = (self._rows[key] for key in self._index[column].get(value, ()))
        return [row for row in found if row is not None]

    def fetch(self, keys: Iterable[str]) -> None:
        """Read what is not known of these at once."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._rows]
        if missing:
            self.read(_among(self._table, self._key), values=missing)
            for key in missing:
                self._rows.setdefault(key, None)

    def fetch_having(self, column: str, values: Iterable[str]) -> None:
        """Read what is not known of all that `having` will be asked for at once."""
        wanted = [(column, value) for value in dict.fromkeys(values)]
        missing = [one for one in wanted if one not in self._complete]
        if missing:
            values = [value for _, value in missing]
            self.read(_among(self._table, column), values=values)
            self._complete.update(missing)

    def read(self, query: Executable, **parameters: object) -> None:
        """Take in whole rows of the table."""
        self.flush()
        for row in self._conn.execute(query, parameters).mappings():
            self._keep(row[self._key], dict(row))

    def put(self, row: Row) -> None:
        """Write a row; columns that it does not name stay, or are NULL if it is new."""
        key = row[self._key]
        old = self.get(key)
        self._keep(key, {**(self._blank if old is None else old), **row})
        self._changed[key] = None

    def drop(self, key: str) -> None:
        self._keep(key, None)
        self._changed[key] = None

    def flush(self) -> None:
        """Bring the database in line."""
        gone = [key for key in self._changed if self._rows[key] is None]
        put_rows(self._conn, self._table, self.some(self._changed))
        self._changed.clear()
        if gone:
            column = self._table.c[self._key]
            self._conn.execute(delete(self._table).where(column.in_(gone)))

    def forget(self) -> None:
        """Know nothing any more, not even what was to be written."""
        self._rows.clear()
        self._changed.clear()
        self._complete.clear()
        for index in self._index.values():
            index.clear()

    def _keep(self, key: str, row: Row | None) -> None:
        old = self._rows.get(key)
        self._rows[key] = row
        for column, index in self._index.items():
            if old is not None:
                index[old[column]].pop(key, None)
            if row is not None:
                index[row[column]][key] = None


@cache
def _among(table: Table, column: str) -> Select[Any]:
    return select(table).where(among(table.c[column], "values"))
