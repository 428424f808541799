"""Events and their verdicts on the way into the database, many at once."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, update

from sync.hub.store import schema
from sync.hub.store.rows import Row, add_rows
from sync.protocol import Verdict

_PUT_VERDICT = update(schema.events).where(schema.events.c.event_id == bindparam("of"))


class EventLog:
    """An event is inserted once, never overwritten; its verdict may come later."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._new: dict[str, Row] = {}
        self._verdicts: dict[str, str] = {}

    def add(self, row: Row) -> None:
        self._new[row["event_id"]] = row

    def answer(self, event_id: str, verdict: Verdict) -> None:
        self._verdicts[event_id] = msgspec.json.encode(verdict).decode()

    def flush(self) -> None:
        """Insert what is new, with its verdict if it has one."""
        rows = [
            {**row, "verdict": self._verdicts.pop(name, None)}
            for name, row in self._new.items()
        ]
        later = [
            {"of": name, "verdict": verdict} for name, verdict in self._verdicts.items()
        ]
        self.forget()
        add_rows(self._conn, schema.events, rows)
        if later:
            self._conn.execute(_PUT_VERDICT, later)

    def forget(self) -> None:
        self._new.clear()
        self._verdicts.clear()
