"""Once a day: holds that nobody fetched in time end, and who missed too many is barred."""

from __future__ import annotations

from sync.hub.circulation.hold_acts import Deed, expire
from sync.hub.circulation.hold_bars import bar_the_absent
from sync.hub.store.database import Database


def end_missed(database: Database, by: Deed) -> dict[str, int]:
    """A few at a time, each few in a transaction; returns how many of both."""
    expired, after = 0, ""
    while True:
        with database.writing() as conn:
            names = expire(conn, by, after)
        if not names:
            break
        expired, after = expired + len(names), names[-1]
    with database.writing() as conn:
        barred = len(bar_the_absent(conn, by))
    return {"expired": expired, "suspended": barred}
