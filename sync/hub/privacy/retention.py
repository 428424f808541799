"""For how long after its return a loan still says who had the book."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from sync.hub.county.audit import Actor, note
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.rows import one, put_rows

DEFAULT_DAYS = 90
MAX_DAYS = 365
_SETTING = "retention_days"


class BadRetention(Refusal, ValueError):
    """A number of days that can't be."""


def retention_days(conn: Connection) -> int:
    row = one(conn, schema.settings, _SETTING)
    return DEFAULT_DAYS if row is None else int(row["value"])


def set_retention(conn: Connection, days: int, who: Actor, now: dt.datetime) -> None:
    """Keep links for so many days from now on. Raises BadRetention."""
    if not 0 <= days <= MAX_DAYS:
        raise BadRetention(f"days: {days} is not from 0 to {MAX_DAYS}")
    before = retention_days(conn)
    put_rows(conn, schema.settings, [{"name": _SETTING, "value": str(days)}])
    note(
        conn,
        who,
        "privacy.retention",
        "county:retention",
        now,
        before={"days": before},
        after={"days": days},
    )


def cut_off(conn: Connection, now: dt.datetime) -> dt.datetime:
    """What ended by then is to be forgotten."""
    return now - dt.timedelta(days=retention_days(conn))
