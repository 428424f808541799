"""The schema that migrations make is the one that the code uses; up and down again."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, inspect, select, table, text

from sync.hub.migrations.steps import known_revisions, newest_revision
from sync.hub.store.database import BadDatabase, Database
from sync.hub.store.schema import metadata
from sync.hub.store.upgrade import NEWEST, downgrade, upgrade
from sync.protocol import Outcome
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

#: What every schema has had since the first, and no step may lose a row of.
ALWAYS = (
    "cases",
    "credentials",
    "devices",
    "events",
    "facts",
    "feed",
    "feed_clock",
    "items",
    "kiosk_heads",
    "loans",
    "patrons",
    "rules",
    "settings",
    "sites",
    "titles",
)


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


def test_every_step_back_and_forth_keeps_a_county_at_work(county: County) -> None:
    live_a_little(county)
    database = county.hub.database
    kept = counts(database)
    assert all(kept.values()), kept

    for revision in sorted(known_revisions(), reverse=True):
        downgrade(database, revision)
        assert counts(database) == kept, f"at {revision}"
        upgrade(database)
        assert counts(database) == kept, f"back from {revision}"

    assert county.open_loans() == {"YL0001": "R1"}
    verdict = county.verdict(county.k1.takes_back("YL0001", NOON + DAY))
    assert verdict.outcome is Outcome.ACCEPTED


def test_step_that_leaves_a_row_without_its_parent_is_undone(county: County) -> None:
    if county.hub.database.is_shared:
        pytest.skip("PostgreSQL checks references itself")
    downgrade(county.hub.database, "0007")
    with county.hub.database.engine.connect() as conn:
        dbapi = conn.connection.cursor()
        dbapi.execute("PRAGMA foreign_keys=OFF")
        dbapi.execute("DELETE FROM patrons")
        dbapi.execute("PRAGMA foreign_keys=ON")

    with pytest.raises(BadDatabase, match="credentials"):
        upgrade(county.hub.database)

    with county.hub.database.reading() as conn:
        revision = conn.execute(text("SELECT version_num FROM alembic_version"))
        assert revision.scalar_one() == "0007"


def live_a_little(county: County) -> None:
    """A loan, a return, a case, a gap: rows in all tables that there always were."""
    county.send(
        county.k1.lends("YL0001", county.refs["R1"]),
        county.k1.lends("YL0002", county.refs["R2"]),
        county.k1.takes_back("YL0002", NOON + MINUTE),
        county.k1.lends("YL0003", "nobody we know", NOON + 2 * MINUTE),
        county.k1.takes_back("YL0003", NOON + 3 * MINUTE),
    )


def counts(database: Database) -> dict[str, int]:
    with database.reading() as conn:
        return {
            name: conn.execute(
                select(func.count()).select_from(table(name))
            ).scalar_one()
            for name in ALWAYS
        }


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
