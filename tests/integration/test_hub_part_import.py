"""What sets consist of, by a table: taken, tried, refused and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from sync.hub.feed.feedmarks import version
from sync.hub.importers import load
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.hub_world import database_url, hub
from tests.integration.test_hub_export_all import content, full, run

__all__ = ["database_url", "full", "hub"]

HEADING = "barcode,number,name,missing\n"
SET = "YL02,1,第1张,\nYL02,2,第2张,1\n"

pytestmark = pytest.mark.usefixtures("full")


def taken(url: str, folder: Path, rows: str, *more: str) -> dict[str, Any]:
    file = folder / "parts.csv"
    file.write_text(HEADING + rows, encoding="utf-8")
    done = run("import", "item-parts", str(file), "--database", url, "--json", *more)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def parts(url: str) -> list[tuple[str, str, bool]]:
    rows = content(url, schema.item_parts)
    return [(row["barcode"], row["name"], row["missing"]) for row in rows]


def counted(url: str, barcode: str) -> int:
    found: dict[str, int] = {
        row["barcode"]: row["parts"] for row in content(url, schema.items)
    }
    return found[barcode]


def undone(url: str, report: dict[str, Any]) -> dict[str, Any]:
    done = run("import", "undo", report["run"], "--database", url, "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_copy_counts_the_parts_that_are_there_and_kiosks_are_told(
    database_url: str, tmp_path: Path, full: Hub
) -> None:
    with full.database.reading() as conn:
        before = version(conn)

    report = taken(database_url, tmp_path, SET)

    assert (report["taken"], report["changed"], report["items"]) == (2, 2, 1)
    assert parts(database_url) == [("YL02", "第1张", False), ("YL02", "第2张", True)]
    assert counted(database_url, "YL02") == 1
    with full.database.reading() as conn:
        assert version(conn) > before


def test_table_taken_twice_changes_nothing(database_url: str, tmp_path: Path) -> None:
    taken(database_url, tmp_path, SET)

    again = taken(database_url, tmp_path, SET)

    assert (again["taken"], again["changed"], again["items"]) == (2, 0, 0)


def test_dry_run_says_the_same_and_writes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    tried = taken(database_url, tmp_path, SET, "--dry-run")

    assert (tried["taken"], tried["changed"], tried["items"]) == (2, 2, 1)
    assert parts(database_url) == []
    assert counted(database_url, "YL02") == 3


def test_bad_rows_are_listed_with_their_reason_and_the_rest_is_taken(
    database_url: str, tmp_path: Path
) -> None:
    bad = "YL99,1,书,\nYL02,0,附录,\nYL02,1,重复,\nYL02,,无号,\n00012,1,书,1\n"

    report = taken(database_url, tmp_path, SET + bad)

    told = {each["number"]: each["reason"] for each in report["rejected"]}
    assert report["taken"] == 2
    assert told.keys() == {4, 5, 6, 7, 8}
    assert "no such item" in told[4]
    assert "from 1 to 99" in told[5]
    assert "stands in line 2 already" in told[6]
    assert "must not be empty" in told[7]
    assert "at least must be there" in told[8]
    assert len(parts(database_url)) == 2


def test_set_is_taken_whole_wherever_a_chunk_ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "CHUNK", 1)
    rows = "00012,1,盒,1\n00012,2,书,\n" + SET

    report = taken(database_url, tmp_path, rows)

    assert (report["taken"], report["rejected_total"]) == (4, 0)
    assert len(parts(database_url)) == 4


def test_undo_takes_parts_back_and_the_count_with_them(
    database_url: str, tmp_path: Path
) -> None:
    report = taken(database_url, tmp_path, SET)

    said = undone(database_url, report)

    assert (said["withdrawn"], said["restored"], said["kept_total"]) == (2, 1, 0)
    assert parts(database_url) == []
    assert counted(database_url, "YL02") == 3


def test_undo_leaves_a_part_that_staff_changed_since(
    database_url: str, tmp_path: Path, full: Hub
) -> None:
    report = taken(database_url, tmp_path, SET)
    table = schema.item_parts
    with full.database.writing() as conn:
        conn.execute(update(table).where(table.c.number == 1).values(name="第一张"))

    said = undone(database_url, report)

    assert [each["reason"] for each in said["kept"]] == ["was changed since"]
    assert parts(database_url) == [("YL02", "第一张", False)]
