"""Steps from one schema to another, by Alembic: slow to import, and seldom needed."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def known_revisions() -> frozenset[str]:
    """Every schema that this version has a step to."""
    steps = ScriptDirectory(_folder()).walk_revisions()
    return frozenset(step.revision for step in steps)


def newest_revision() -> str | None:
    return ScriptDirectory(_folder()).get_current_head()


def step_up(conn: Connection, revision: str) -> None:
    command.upgrade(_config(conn), revision)


def step_down(conn: Connection, revision: str) -> None:
    command.downgrade(_config(conn), revision)


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _folder())
    config.attributes["connection"] = conn
    return config


def _folder() -> str:
    return str(files("sync.hub") / "migrations")
