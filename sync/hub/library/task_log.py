"""Facts that the library system has to learn, noted as they are judged."""

from __future__ import annotations

import datetime as dt
import enum

from sqlalchemy import Connection, insert, select

from sync.hub.store import schema
from sync.hub.store.rows import one, put_rows

_TASKS = schema.library_tasks
_SETTING = "library_system"


class Kept(enum.StrEnum):
    """Who keeps the record: NONE but the hub, or a library system as well."""

    NONE = "none"
    SIP2 = "sip2"
    KOHA = "koha"


class TaskState(enum.StrEnum):
    """SENDING: the bytes may have left. UNKNOWN: they have, and no answer came."""

    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"


def kept_by(conn: Connection) -> Kept:
    row = one(conn, schema.settings, _SETTING)
    return Kept.NONE if row is None else Kept(row["value"])


def keep_by(conn: Connection, kept: Kept) -> None:
    """From now on; what waits already stays in the queue."""
    put_rows(conn, schema.settings, [{"name": _SETTING, "value": kept.value}])


class TaskLog:
    """The tasks that one transaction adds. The same fact is never added twice."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._new: dict[str, dt.datetime] = {}
        self._wanted: bool | None = None

    def add(self, fact_id: str, now: dt.datetime) -> None:
        """Note a fact, unless the hub alone keeps the record."""
        if self._wanted is None:
            self._wanted = kept_by(self._conn) is not Kept.NONE
        if self._wanted:
            self._new.setdefault(fact_id, now)

    def flush(self) -> None:
        if not self._new:
            return
        known = select(_TASKS.c.fact_id).where(_TASKS.c.fact_id.in_(self._new))
        for fact_id in self._conn.execute(known).scalars():
            del self._new[fact_id]
        rows = [_row(fact_id, now) for fact_id, now in self._new.items()]
        self.forget()
        if rows:
            self._conn.execute(insert(_TASKS), rows)

    def forget(self) -> None:
        self._new.clear()


def _row(fact_id: str, now: dt.datetime) -> dict[str, object]:
    return {
        "fact_id": fact_id,
        "state": TaskState.WAITING.value,
        "queued_at": now,
        "not_before": now,
        "attempts": 0,
        "note": "",
    }
