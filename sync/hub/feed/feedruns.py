"""Runs of the feed: who gave which versions. ADR-feed-version.md says why.

A hub that was put back to a backup gives the versions after it a second time, to other
changes. So each run of versions has a random name, and whoever quotes a version,
a cursor or a verdict, names its run as well. Earlier versions of a restored hub
keep the names of their runs: what both histories share stays known.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from sync.hub.store import schema
from sync.protocol import FeedRun

#: Runs that a page names at most; far more than begin while a verdict is on its way.
MAX_RUNS = 500
_RUN_BYTES = 8

_RUNS = schema.feed_runs
_CLOCK = schema.feed_clock
_AT_CLOCK = (
    select(_RUNS.c.run)
    .where(_RUNS.c.first_version <= _CLOCK.c.version)
    .order_by(_RUNS.c.first_version.desc())
    .limit(1)
    .scalar_subquery()
)
_NEWEST = select(_CLOCK.c.version, func.coalesce(_AT_CLOCK, "").label("run"))


class Position(NamedTuple):
    """A version and the run that it belongs to."""

    version: int
    run: str


#: Where a mirror without anything goes on.
BEGINNING = Position(0, "")


def begin_run(conn: Connection, first_version: int) -> None:
    """Begin a run at a version that was not given yet, in place of one that has none."""
    conn.execute(delete(_RUNS).where(_RUNS.c.first_version >= first_version))
    run = secrets.token_hex(_RUN_BYTES)
    conn.execute(_RUNS.insert().values(first_version=first_version, run=run))


def newest(conn: Connection) -> Position:
    """The newest version that there is."""
    row = conn.execute(_NEWEST).one()
    return Position(row.version, row.run)


def run_of(conn: Connection, version: int) -> str:
    """The run of a version; empty for one before the first run."""
    found: str | None = conn.execute(
        select(_RUNS.c.run)
        .where(_RUNS.c.first_version <= version)
        .order_by(_RUNS.c.first_version.desc())
        .limit(1)
    ).scalar()
    return found or ""


def is_known(conn: Connection, given: Position) -> bool:
    """Whether this hub, as it is now, has given that version in that run."""
    if given.version == 0:
        return True
    ours = newest(conn).version
    return given.version <= ours and run_of(conn, given.version) == given.run


def runs_after(conn: Connection, version: int) -> tuple[FeedRun, ...]:
    """The newest runs that begin after a version and have given one, oldest first."""
    rows = conn.execute(
        select(_RUNS)
        .where(_RUNS.c.first_version > version)
        .where(_RUNS.c.first_version <= select(_CLOCK.c.version).scalar_subquery())
        .order_by(_RUNS.c.first_version.desc())
        .limit(MAX_RUNS)
    ).all()
    return tuple(FeedRun(row.first_version, row.run) for row in reversed(rows))
