"""What imports overwrote of readers is kept for an undo, but not for ever."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from sync.hub.county.patron_files import PatronFile
from sync.hub.store import schema

_CHANGES, _RUNS = schema.import_changes, schema.import_runs
_PATRONS, _CONSENTS = "patrons", "consents"


def forget_imports(conn: Connection, cut_off: dt.datetime) -> int:
    """Of runs that long ago; they can't be undone for readers any more."""
    old = select(_RUNS.c.run_id).where(_RUNS.c.started_at <= cut_off)
    gone = delete(_CHANGES).where(
        _CHANGES.c.kind.in_((_PATRONS, _CONSENTS)), _CHANGES.c.run_id.in_(old)
    )
    return conn.execute(gone).rowcount


def forget_imports_of(conn: Connection, patron: PatronFile) -> int:
    """All that was overwritten of a reader whose consents are there yet."""
    return conn.execute(delete(_CHANGES).where(overwritten_of(patron))).rowcount


def overwritten_of(patron: PatronFile) -> ColumnElement[bool]:
    """The changes by imports to a reader's record and consents."""
    consents = schema.consents.c
    mine = select(consents.consent_id).where(consents.patron_ref == patron.patron_ref)
    kind, key = _CHANGES.c.kind, _CHANGES.c.key
    return or_(
        and_(kind == _PATRONS, key == patron.number),
        and_(kind == _CONSENTS, key.in_(mine)),
    )
