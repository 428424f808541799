"""Marking what has changed for the kiosks' mirrors; see `feed.py` for handing it out."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from sync.hub.feed.feedruns import Position, newest, run_of
from sync.hub.store import schema
from sync.hub.store.rows import put_rows

_CLOCK = schema.feed_clock
_VERSION = select(_CLOCK.c.version)


class Feed(enum.StrEnum):
    """What a kiosk mirrors; the tags of `sync.protocol.Change`, and holds."""

    PATRON = "patron"
    CREDENTIAL = "credential"
    TITLE = "title"
    ITEM = "item"
    LOAN = "loan"
    HOLD = "hold"
    SITE = "site"
    RULES = "rules"


class FeedMarks:
    """Marks of one transaction, written at once. Inside `writing()` only."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._newest: Position | None = None
        self._in_new_run = False
        self._marks: dict[tuple[str, str], int] = {}

    @property
    def newest(self) -> Position:
        """The newest version there is; the lock keeps others from giving one."""
        if self._newest is None:
            self._newest = newest(self._conn)
        return self._newest

    def mark(self, kind: Feed, keys: Iterable[str]) -> int:
        """Give each key the next version; returns the newest."""
        for key in dict.fromkeys(keys):
            version = self.newest.version + 1
            self._newest = Position(version, self._run(version))
            self._marks[kind.value, key] = version
        return self.newest.version

    def flush(self) -> None:
        rows = [
            {"kind": kind, "key": key, "version": version}
            for (kind, key), version in self._marks.items()
        ]
        self._marks.clear()
        if rows:
            self._conn.execute(update(_CLOCK).values(version=self.newest.version))
            put_rows(self._conn, schema.feed, rows)

    def forget(self) -> None:
        self._newest = None
        self._in_new_run = False
        self._marks.clear()

    def _run(self, version: int) -> str:
        """The run of the versions that this transaction gives: the same for all."""
        if not self._in_new_run:
            self._in_new_run = True
            return run_of(self._conn, version)
        return self.newest.run


def mark(conn: Connection, kind: Feed, keys: Iterable[str]) -> int:
    """Mark at once; see `FeedMarks`."""
    marks = FeedMarks(conn)
    last = marks.mark(kind, keys)
    marks.flush()
    return last


def version(conn: Connection) -> int:
    """The newest version there is."""
    found: int = conn.execute(_VERSION).scalar_one()
    return found
