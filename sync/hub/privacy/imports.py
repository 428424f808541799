"""What imports overwrote of readers is kept for an undo, but not for ever."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, select

from sync.hub.store import schema

_CHANGES, _RUNS = schema.import_changes, schema.import_runs
_KIND = "patrons"


def forget_imports(conn: Connection, cut_off: dt.datetime) -> int:
    """Of runs that long ago; they can't be undone for readers any more."""
    old = select(_RUNS.c.run_id).where(_RUNS.c.started_at <= cut_off)
    gone = delete(_CHANGES).where(_CHANGES.c.kind == _KIND, _CHANGES.c.run_id.in_(old))
    return conn.execute(gone).rowcount


def forget_imports_of(conn: Connection, number: str) -> int:
    """All that was overwritten of one reader."""
    mine = (_CHANGES.c.kind == _KIND, _CHANGES.c.key == number)
    return conn.execute(delete(_CHANGES).where(*mine)).rowcount
