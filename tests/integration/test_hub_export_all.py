"""Everything the county has, out as files, and into an empty county again."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from kiosk.domain.values import Item, ItemState, Site, Title
from sync.hub.cli import hub as hub_command
from sync.hub.county import catalogue, patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.setup import Hub
from tests.integration.hub_world import (
    County,
    cheap_digests,
    county,
    database_url,
    fresh_hub,
    hub,
)

__all__ = ["county", "database_url", "hub"]

AWKWARD = PatronRecord(
    "R629",
    '欧阳"明", 大',
    "CHILD",
    birth_year=2016,
    phone="13900000000",
    card_uids=("04A1B2C3", "QR-9"),
)
PATRONS = (AWKWARD, PatronRecord("R630", "张建华", "ADULT"))
TITLES = (
    Title("t2", '"怎么办", 第1卷', "甲；乙", "人民出版社", "1988", "", "I512.44"),
    Title("t3", "小羊找妈妈", "", "", "2012", "9787506365437", "I287.8"),
)
SITES = (
    Site("0000", "云岭县图书馆", "县图书馆", "HUB", isil="CN-629900-1-YLT"),
    Site("0417", "马坪村图书服务点", "马坪村", "POINT", "0000", opens="09:00"),
)
COPY = Item(
    "00012", "t3", "CHILDREN", ItemState.DAMAGED, "CN-629900-1-YLT", "0417", "0000"
)
OTHER = Item(
    "YL02", "t2", "AV", ItemState.LOST, "CN-629900-1-YLT", "0000", "0000", True, 3
)


@pytest.fixture
def full(hub: Hub) -> Hub:
    with hub.database.writing() as conn:
        catalogue.put_sites(conn, SITES)
        catalogue.put_titles(conn, TITLES)
        catalogue.put_items(conn, [COPY, OTHER])
        patrons.put_patrons(conn, PATRONS, cheap_digests(PATRONS))
    return hub


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    """Another county, on SQLite; what is read there must be what was written here."""
    folder = tmp_path / "other"
    folder.mkdir()
    url = f"sqlite:///{folder / 'hub.db'}"
    with fresh_hub(url, folder):
        yield url


def run(*words: str) -> Result:
    return CliRunner().invoke(hub_command, list(words))


def export(url: str, folder: Path, *more: str) -> dict[str, Any]:
    words = ["export", "all", "--to", str(folder), "--database", url, "--json", *more]
    result = run(*words)
    assert result.exit_code == 0, result.output
    manifest: dict[str, Any] = json.loads(result.stdout)
    return manifest


def take(url: str, kind: str, file: Path, *more: str) -> None:
    result = run("import", kind, str(file), "--database", url, *more)
    assert result.exit_code == 0, result.output


def content(url: str, table: Any, *without: str) -> list[dict[str, Any]]:
    database = Database(url)
    with database.reading() as conn:
        rows = conn.execute(select(table).order_by(*table.primary_key.columns))
        found = [dict(row) for row in rows.mappings()]
    database.close()
    return [{k: v for k, v in row.items() if k not in without} for row in found]


@pytest.mark.usefixtures("full")
def test_tables_taken_back_in_give_the_same_county(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(database_url, out, "--with-readers")

    for kind in ("sites", "titles", "items", "patrons"):
        take(empty_url, kind, out / f"{kind}.csv")

    for table in (schema.titles, schema.items):
        assert content(empty_url, table) == content(database_url, table)
    assert len(content(empty_url, schema.items)) == 2
    people = [
        sorted(
            content(url, schema.patrons, "patron_ref"), key=lambda row: row["number"]
        )
        for url in (database_url, empty_url)
    ]
    assert people[0] == people[1]
    cards = [
        {row["text"] for row in content(url, schema.credentials)}
        for url in (database_url, empty_url)
    ]
    assert cards[0] == cards[1] >= {"R629", "04A1B2C3", "QR-9"}


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("form", ["cnmarc", "marc21"])
def test_marc_files_give_the_same_titles_and_copies(
    database_url: str, empty_url: str, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "out"
    export(database_url, out)

    take(empty_url, "sites", out / "sites.csv")
    take(empty_url, "marc", out / f"titles-{form}.mrc")

    assert content(empty_url, schema.titles) == content(database_url, schema.titles)
    copies = [
        {(row["barcode"], row["title_id"], row["home_site"]) for row in rows}
        for rows in (content(url, schema.items) for url in (database_url, empty_url))
    ]
    assert copies[0] == copies[1]


@pytest.mark.usefixtures("full")
def test_workbook_of_items_can_be_taken_back_in(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(database_url, out, "--xlsx")

    for kind in ("sites", "titles", "items"):
        take(empty_url, kind, out / f"{kind}.xlsx")

    assert content(empty_url, schema.items) == content(database_url, schema.items)


def test_readers_stay_at_home_unless_they_are_asked_for(
    county: County, database_url: str, tmp_path: Path
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    manifest = export(database_url, tmp_path / "out")

    text = _all_text(tmp_path / "out")
    for secret in ("张建华", county.refs["R1"]):
        assert secret not in text
    assert manifest["left_out"]["patrons"] == "tells of readers"
    assert content(database_url, schema.audit_log) == []
    everything = export(database_url, tmp_path / "more", "--with-readers")
    names = {each["file"] for each in everything["files"]}
    assert {"patrons.csv", "loans.jsonl", "events.csv"} <= names
    assert "张建华" in _all_text(tmp_path / "more")
    (entry,) = content(database_url, schema.audit_log)
    assert (entry["what"], entry["who"]) == ("export.readers", everything["made_by"])


def _all_text(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())


@pytest.mark.usefixtures("full")
def test_no_secret_leaves_even_with_readers(database_url: str, tmp_path: Path) -> None:
    salts = content(database_url, schema.settings)
    digests = content(database_url, schema.credentials)

    export(database_url, tmp_path / "out", "--with-readers")

    text = _all_text(tmp_path / "out")
    nonce = next(row["value"] for row in salts if row["name"] == "nonce_secret")
    assert nonce not in text
    assert all(row["digest"] not in text for row in digests)
    assert "04A1B2C3" in text


@pytest.mark.usefixtures("full")
def test_manifest_tells_rows_and_checksums(database_url: str, tmp_path: Path) -> None:
    out = tmp_path / "out"

    manifest = export(database_url, out, "--excel")

    assert json.loads((out / "manifest.json").read_bytes()) == manifest
    for each in manifest["files"]:
        found = (out / each["file"]).read_bytes()
        assert hashlib.sha256(found).hexdigest() == each["sha256"]
        assert len(found) == each["bytes"]
    rows = {each["file"]: each["rows"] for each in manifest["files"]}
    assert rows["items.csv"] == rows["items.jsonl"] == 2
    with (out / "items.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
    assert (out / "items.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    page = (out / "README.md").read_text(encoding="utf-8")
    assert "`barcode` 条码号 · barcode of the copy" in page


@pytest.mark.usefixtures("hub")
def test_folder_with_something_in_it_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    result = run("export", "all", "--to", str(tmp_path), "--database", database_url)

    assert result.exit_code == 1
    assert "is not empty" in result.output
    assert run("export", "all", "--database", database_url).exit_code == 2
