"""Bringing a hub's database to this version's schema."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from sync.hub.store.database import BadDatabase, Database

#: The schema of this version: the last step in `migrations/versions`.
NEWEST = "0007"
_VERSION_TABLE = table("alembic_version", column("version_num"))


def upgrade(database: Database) -> None:
    """Run the steps that are missing, in one transaction. Raises BadDatabase.

    A database of a newer hub is refused: this one would not know what it means.
    """
    with database.engine.begin() as conn:
        current = _revision(conn)
        if current == NEWEST:
            return
        from sync.hub.migrations import steps  # noqa: PLC0415  (slow, seldom needed)

        if current is not None and current not in steps.known_revisions():
            raise BadDatabase(f"the database is of a newer hub (schema {current})")
        steps.step_up(conn, NEWEST)


def check_schema(database: Database) -> None:
    """Raises BadDatabase unless the schema is this version's; changes nothing."""
    if not database.exists:
        raise BadDatabase("there is no such database: run `tongjie hub init` first")
    with database.engine.connect() as conn:
        current = _revision(conn)
    if current is None:
        raise BadDatabase("the database is empty: run `tongjie hub init` first")
    if current != NEWEST:
        raise BadDatabase(f"schema {current} is not this version's: start the hub once")


def downgrade(database: Database, revision: str) -> None:
    """Take steps back, "base" for all of them; what only they hold is lost."""
    from sync.hub.migrations import steps  # noqa: PLC0415  (as in `upgrade`)

    with database.engine.begin() as conn:
        steps.step_down(conn, revision)


def _revision(conn: Connection) -> str | None:
    """The schema that the database has; None for one that has none yet."""
    if not inspect(conn).has_table(_VERSION_TABLE.name):
        return None
    current: str | None = conn.execute(select(_VERSION_TABLE)).scalar_one_or_none()
    return current
