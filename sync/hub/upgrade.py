"""Bringing a hub's database to this version's schema."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from sync.hub.database import BadDatabase, Database

NEWEST = "head"


def upgrade(database: Database, revision: str = NEWEST) -> None:
    """Run the steps that are missing, in one transaction. Raises BadDatabase.

    A database of a newer hub is refused: this one would not know what it means.
    """
    with database.engine.begin() as conn:
        _refuse_newer(conn)
        command.upgrade(_config(conn), revision)


def check_schema(database: Database) -> None:
    """Raises BadDatabase unless the schema is this version's; changes nothing."""
    with database.engine.connect() as conn:
        current = MigrationContext.configure(conn).get_current_revision()
    if current is None:
        raise BadDatabase("the database is empty: run `tongjie hub init` first")
    if current != ScriptDirectory(_folder()).get_current_head():
        raise BadDatabase(f"schema {current} is not this version's: start the hub once")


def downgrade(database: Database, revision: str) -> None:
    """Take steps back, "base" for all of them; what only they hold is lost."""
    with database.engine.begin() as conn:
        command.downgrade(_config(conn), revision)


def _refuse_newer(conn: Connection) -> None:
    current = MigrationContext.configure(conn).get_current_revision()
    known = {step.revision for step in ScriptDirectory(_folder()).walk_revisions()}
    if current is not None and current not in known:
        raise BadDatabase(f"the database is of a newer hub (schema {current})")


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _folder())
    config.attributes["connection"] = conn
    return config


def _folder() -> str:
    return str(files("sync.hub") / "migrations")
