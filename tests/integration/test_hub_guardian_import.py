"""Who answers for whom, by a table of patrons: taken, tried, and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sync.hub.store import schema
from tests.integration.hub_world import database_url, hub
from tests.integration.test_hub_export_all import content, run

__all__ = ["database_url", "hub"]

HEADING = "number,name,patron_type,state,guardian\n"
FAMILY = (
    "R1001,李小明,CHILD,valid,R1003\n"
    "R1002,李小红,CHILD,valid,R1001\n"
    "R1003,李静,ADULT,valid,R1003\n"
    "R1004,李伟,CHILD,valid,R9999\n"
)

pytestmark = pytest.mark.usefixtures("hub")


def taken(url: str, folder: Path, rows: str, *more: str) -> dict[str, Any]:
    file = folder / "people.csv"
    file.write_text(HEADING + rows, encoding="utf-8")
    done = run("import", "patrons", str(file), "--database", url, "--json", *more)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def told(report: dict[str, Any]) -> dict[int, str]:
    return {each["number"]: each["text"] for each in report["remarks"]}


def people(url: str) -> dict[str, dict[str, Any]]:
    return {row["number"]: row for row in content(url, schema.patrons)}


def undone(url: str, report: dict[str, Any]) -> dict[str, Any]:
    done = run("import", "undo", report["run"], "--database", url, "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_guardian_that_can_be_none_is_left_out_and_told(
    database_url: str, tmp_path: Path
) -> None:
    report = taken(database_url, tmp_path, FAMILY)

    assert report["taken"] == 4
    assert told(report).keys() == {3, 4, 5}
    assert "is a minor" in told(report)[3]
    assert "is the patron" in told(report)[4]
    assert "is no patron in the hub" in told(report)[5]
    known = people(database_url)
    assert known["R1001"]["guardian"] == known["R1003"]["patron_ref"]
    assert [known[each]["guardian"] for each in ("R1002", "R1003", "R1004")] == [
        None
    ] * 3


def test_dry_run_tells_of_guardians_what_the_import_will_and_writes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    tried = taken(database_url, tmp_path, FAMILY, "--dry-run")

    assert people(database_url) == {}
    done = taken(database_url, tmp_path, FAMILY)
    assert told(tried) == told(done)
    assert tried["taken"] == done["taken"] == 4


def test_dry_run_over_patrons_that_are_there_leaves_their_guardians(
    database_url: str, tmp_path: Path
) -> None:
    taken(database_url, tmp_path, FAMILY)
    before = people(database_url)
    grown = "R1004,李伟,ADULT,valid,\nR1001,李小明,CHILD,valid,R1004\n"

    tried = taken(database_url, tmp_path, grown, "--dry-run")

    assert tried["taken"] == 2
    assert people(database_url) == before


def test_undo_takes_back_whom_the_file_made(database_url: str, tmp_path: Path) -> None:
    report = taken(database_url, tmp_path, FAMILY)

    assert undone(database_url, report)["kept_total"] == 0
    assert people(database_url) == {}


def test_undo_gives_back_both_the_name_and_no_guardian(
    database_url: str, tmp_path: Path
) -> None:
    taken(database_url, tmp_path, FAMILY)
    before = people(database_url)
    report = taken(database_url, tmp_path, "R1004,李小伟,CHILD,valid,R1003\n")
    assert people(database_url)["R1004"]["guardian"]

    assert undone(database_url, report)["kept_total"] == 0
    assert people(database_url) == before
