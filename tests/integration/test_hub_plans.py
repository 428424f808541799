"""PostgreSQL plans each question of the hub for the tables and values of now."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from sync.hub.store import database, schema
from sync.hub.store.database import Database
from tests.integration.hub_world import fresh_hub
from tests.postgres import Postgres

#: More than a driver asks before it prepares, and a server before it keeps a plan.
OFTEN = 20
_KEPT = text("SELECT coalesce(sum(generic_plans), 0) FROM pg_prepared_statements")


def test_a_question_that_is_asked_often_is_planned_each_time(
    postgres: Postgres, tmp_path: Path
) -> None:
    with postgres.database() as url, fresh_hub(url, tmp_path) as hub:
        assert plans_kept(hub.database) == 0


def test_without_that_setting_a_plan_for_any_value_is_kept(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "POSTGRES_SETTINGS", ("SET jit = off",))
    with postgres.database() as url, fresh_hub(url, tmp_path) as hub:
        assert plans_kept(hub.database) > 0


def plans_kept(hub: Database) -> int:
    """Ask for many items, one by one, on one connection."""
    items = schema.items
    with hub.reading() as conn:
        for number in range(OFTEN):
            conn.execute(select(items).where(items.c.barcode == f"YL{number}"))
        return int(conn.execute(_KEPT).scalar_one())
