"""Bringing a hub's database to this version's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, column, inspect, select, table

from sync.hub.store.database import BadDatabase, Database

#: The schema of this version: the last step in `migrations/versions`.
NEWEST = "0023"
_VERSION_TABLE = table("alembic_version", column("version_num"))


def upgrade(database: Database) -> None:
    """Run the steps that are missing, in one transaction. Raises BadDatabase.

    A database of a newer hub is refused: this one would not know what it means.
    """
    with _stepping(database) as conn:
        current = _revision(conn)
        if current == NEWEST:
            return
        from sync.hub.migrations import steps  # noqa: PLC0415  (slow, seldom needed)

        if current is not None:
            check_known(current)
        steps.step_up(conn, NEWEST)


def check_known(revision: str) -> None:
    """Raises BadDatabase if this version has no step to or from that schema."""
    from sync.hub.migrations import steps  # noqa: PLC0415  (as in `upgrade`)

    if revision not in steps.known_revisions():
        raise BadDatabase(f"the database is of a newer hub (schema {revision})")


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

    with _stepping(database) as conn:
        steps.step_down(conn, revision)


@contextmanager
def _stepping(database: Database) -> Iterator[Connection]:
    """One transaction for steps that make tables anew, with others that refer to them.

    SQLite counts a table that goes for a moment as rows without a parent, so here
    references are checked at the end and not at each statement.
    """
    if database.is_shared:
        with database.engine.begin() as conn:
            yield conn
        return
    with database.engine.connect() as conn:
        pragmas = conn.connection.cursor()  # they count outside transactions alone
        pragmas.execute("PRAGMA foreign_keys=OFF")
        try:
            with conn.begin():
                yield conn
                _check_references(conn)
        finally:
            pragmas.execute("PRAGMA foreign_keys=ON")


def _check_references(conn: Connection) -> None:
    broken = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise BadDatabase(f"a row of {broken[0]} refers to nothing in {broken[2]}")


def _revision(conn: Connection) -> str | None:
    """The schema that the database has; None for one that has none yet."""
    if not inspect(conn).has_table(_VERSION_TABLE.name):
        return None
    current: str | None = conn.execute(select(_VERSION_TABLE)).scalar_one_or_none()
    return current
