"""The schema that migrations make is the one that the code uses; up and down again."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from sync.hub.migrations.steps import newest_revision
from sync.hub.store.database import BadDatabase, Database
from sync.hub.store.schema import metadata
from sync.hub.store.upgrade import NEWEST, downgrade, upgrade
from tests.integration.hub_world import database_url

__all__ = ["database_url"]


def test_migrated_schema_is_the_metadata(database_url: str) -> None:
    database = Database(database_url)

    upgrade(database)

    with database.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == []


def test_newest_schema_is_where_the_last_step_leads() -> None:
    assert newest_revision() == NEWEST


def test_upgrade_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database)
    with database.writing() as conn:
        conn.execute(text("UPDATE feed_clock SET version = 7"))

    upgrade(database)

    with database.reading() as conn:
        versions = conn.execute(text("SELECT version FROM feed_clock")).scalars().all()
    database.close()
    assert versions == [7]


def test_downgrade_leaves_no_table_behind(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database)

    downgrade(database, "base")

    tables = inspect(database.engine).get_table_names()
    database.close()
    assert tables == ["alembic_version"]


def test_database_of_a_newer_hub_is_refused(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database)
    with database.writing() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(BadDatabase, match="newer hub"):
        upgrade(database)

    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "not a url"])
def test_url_without_a_lasting_database_is_refused(url: str) -> None:
    with pytest.raises(BadDatabase):
        Database(url)
