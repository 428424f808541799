"""The ledger of a rural bookroom, as its keeper typed it, goes into the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from kiosk.domain.values import Site, Title
from sync.hub.cli import hub as hub_command
from sync.hub.county import catalogue
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.hub_world import database_url, hub

__all__ = ["database_url", "hub"]

LEDGER = """马坪村农家书屋图书登记表,,,,,,
序号,类别,书名,作者,书号,定价(元),数量
1,文化,活着,余华,978-7-5063-6543-7,20.00,2
2,少儿,小羊找妈妈,,,12.80,
3,科技,苹果树修剪,,9787506365438,18,1
4,科技,,,,9,1
x,科技,家常面食,,,9,1
1,文化,围城,钱锺书,,19,1
"""


@pytest.fixture
def bookroom(hub: Hub) -> Hub:
    with hub.database.writing() as conn:
        sites = [
            Site("0000", "县图书馆", "县馆", "HUB", isil="CN-629900-1-YLT"),
            Site("0417", "马坪村", "马坪村", "POINT", "0000"),
        ]
        catalogue.put_sites(conn, sites)
        catalogue.put_titles(conn, [Title("9787506365437", "活着(县馆编目)", "余华")])
    return hub


def taken(url: str, folder: Path, encoding: str, *more: str) -> dict[str, Any]:
    file = folder / "ledger.csv"
    file.write_text(LEDGER, encoding=encoding)
    words = ["import", "ledger", str(file), "--site", "0417", "--prefix", "yl", *more]
    result = CliRunner().invoke(hub_command, [*words, "--database", url, "--json"])
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def rows(hub: Hub, table: Any) -> list[dict[str, Any]]:
    with hub.database.reading() as conn:
        found = conn.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_ledger_gives_titles_and_copies_at_its_point(
    bookroom: Hub, database_url: str, tmp_path: Path, encoding: str
) -> None:
    report = taken(database_url, tmp_path, encoding)

    items = {row["barcode"]: row for row in rows(bookroom, schema.items)}
    assert sorted(items) == [
        "YL0417000101",
        "YL0417000102",
        "YL0417000201",
        "YL0417000301",
    ]
    assert items["YL0417000201"]["item_type"] == "CHILDREN"
    assert items["YL0417000101"]["owner"] == "CN-629900-1-YLT"
    names = {row["title"] for row in rows(bookroom, schema.titles)}
    assert names == {"活着(县馆编目)", "小羊找妈妈", "苹果树修剪"}
    assert (report["taken"], report["changed"], report["items"]) == (3, 2, 4)
    remarks = [remark["text"] for remark in report["remarks"]]
    assert "columns not used: 定价(元)" in remarks
    assert any("9787506365438" in remark for remark in remarks)


@pytest.mark.usefixtures("bookroom")
def test_lines_that_make_no_sense_are_rejected_by_place(
    database_url: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"

    report = taken(database_url, tmp_path, "gbk", "--rejects", str(bad))

    assert [(r["number"], r.get("column")) for r in report["rejected"]] == [
        (6, "title"),
        (7, "serial"),
        (8, None),
    ]
    lines = bad.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("line 行/记录,")
    assert lines[1] == "6,,title,,must not be empty"


def test_ledger_taken_twice_adds_nothing(
    bookroom: Hub, database_url: str, tmp_path: Path
) -> None:
    taken(database_url, tmp_path, "gbk")
    before = rows(bookroom, schema.items)

    again = taken(database_url, tmp_path, "gbk")

    assert (again["changed"], again["items"]) == (0, 0)
    assert rows(bookroom, schema.items) == before


def test_columns_and_missing_values_may_be_named(
    bookroom: Hub, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "stock.csv"
    file.write_text("册条码,馆\n00012,0417\n00013,\n", encoding="utf-8")
    given = {
        "title_id": "9787506365437",
        "item_type": "BOOK",
        "state": "可借",
        "owner": "CN-629900-1-YLT",
        "home_site": "0000",
    }
    words = ["import", "items", str(file), "--database", database_url]
    words += ["--column", "barcode=册条码", "--column", "home_site=馆"]
    for name, value in given.items():
        words += ["--value", f"{name}={value}"]

    result = CliRunner().invoke(hub_command, words)

    assert result.exit_code == 0, result.output
    found = [(row["barcode"], row["home_site"]) for row in rows(bookroom, schema.items)]
    assert found == [("00012", "0417"), ("00013", "0000")]
    unknown = CliRunner().invoke(hub_command, [*words, "--column", "colour=颜色"])
    assert "there is no column 'colour'" in unknown.output
