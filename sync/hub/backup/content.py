"""What a hub's database holds, counted; on one connection, so in one moment."""

from __future__ import annotations

from sqlalchemy import Connection, func, inspect, select, table, text

from sync.hub.backup.archive import BadBackup, Content
from sync.hub.feed.feedmarks import version
from sync.hub.feed.feedruns import Position, newest
from sync.hub.store import schema

_REVISION = text("SELECT version_num FROM alembic_version")
_ISIL = select(schema.settings.c.value).where(schema.settings.c.name == "isil")


def content_of(conn: Connection) -> Content:
    """Raises BadBackup if this is no hub's database, or `hub init` was never run."""
    tables = set(tables_of(conn))
    if not is_hubs(tables):
        raise BadBackup("this is no hub's database")
    isil = conn.execute(_ISIL).scalar_one_or_none()
    if isil is None:
        raise BadBackup("no county yet: run `tongjie hub init` first")
    # A hub before runs has none to name.
    has_runs = schema.feed_runs.name in tables
    at = newest(conn) if has_runs else Position(version(conn), "")
    return Content(
        backend=conn.dialect.name,
        revision=conn.execute(_REVISION).scalar_one(),
        isil=isil,
        feed_version=at.version,
        feed_run=at.run,
        rows={name: _count(conn, name) for name in sorted(tables)},
    )


def tables_of(conn: Connection) -> list[str]:
    return inspect(conn).get_table_names()


def is_hubs(tables: set[str]) -> bool:
    return {"alembic_version", schema.settings.name, schema.feed_clock.name} <= tables


def _count(conn: Connection, name: str) -> int:
    counted: int = conn.execute(
        select(func.count()).select_from(table(name))
    ).scalar_one()
    return counted
