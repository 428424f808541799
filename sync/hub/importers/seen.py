"""Which keys a file has used so far, on disk: half a million must not fill the memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class Seen:
    """The first place of each key. Its temporary file goes with it."""

    def __init__(self) -> None:
        # No name: a private file that SQLite keeps in memory while it is small.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE keys (key TEXT PRIMARY KEY, place) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")

    def first(self, key: str, place: int | str) -> int | str:
        """The place where the key was named first: this one, if it is new."""
        added = self._db.execute(
            "INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, place)
        )
        if added.rowcount:
            return place
        found: int | str = self._db.execute(
            "SELECT place FROM keys WHERE key = ?", (key,)
        ).fetchone()[0]
        return found

    def get(self, key: str) -> int | str | None:
        """The place of a key, or None if it was not named."""
        row = self._db.execute(
            "SELECT place FROM keys WHERE key = ?", (key,)
        ).fetchone()
        found: int | str | None = None if row is None else row[0]
        return found

    def __iter__(self) -> Iterator[tuple[str, int | str]]:
        """Every key with its place, by key."""
        yield from self._db.execute("SELECT key, place FROM keys ORDER BY key")

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
