"""The invented county goes into a fresh hub through the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from kiosk.demo.county import make_county, write_county
from kiosk.domain.values import Item, ItemState, Site, Title
from sync.hub.cli import hub as hub_command
from sync.hub.county import catalogue
from sync.hub.feed.feedmarks import version
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.hub_world import database_url, hub

__all__ = ["database_url", "hub"]

NO_CARDS = "number,name,patron_type,state\nR62990000099999,李静,ADULT,valid\n"
ITEM_HEADING = "barcode,title_id,item_type,state,owner,home_site\n"
ONE_ITEM = "YL0417170061,YL00000001,BOOK,lendable,CN-629900-1-YLT,0417\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    write_county(folder)
    return folder


def run(kind: str, file: Path, database_url: str, *more: str) -> Result:
    arguments = ["import", kind, str(file), "--database", database_url, *more]
    return CliRunner().invoke(hub_command, arguments)


def imported(kind: str, file: Path, database_url: str, *more: str) -> dict[str, Any]:
    """Import what must succeed; returns the report."""
    result = run(kind, file, database_url, "--json", *more)
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def rows(hub: Hub, table: Any) -> int:
    with hub.database.reading() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def item(hub: Hub, barcode: str) -> Item | None:
    with hub.database.reading() as conn:
        return catalogue.item(conn, barcode)


def newest(hub: Hub) -> int:
    with hub.database.reading() as conn:
        return version(conn)


def furnish(hub: Hub) -> None:
    """Put in the one site and title that `ONE_ITEM` belongs to."""
    with hub.database.writing() as conn:
        catalogue.put_sites(
            conn,
            [
                Site("0000", "云岭县图书馆", "县图书馆", "HUB", isil="CN-629900-1-YLT"),
                Site("0417", "马坪村图书服务点", "马坪村", "POINT", "0000"),
            ],
        )
        catalogue.put_titles(conn, [Title("YL00000001", "活着", "余华")])


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_whole_county_is_taken_without_a_rejection(
    hub: Hub, database_url: str, folder: Path
) -> None:
    county = make_county()

    for kind, file in (
        ("sites", "sites.csv"),
        ("marc", "titles.mrc"),
        ("items", "items.csv"),
    ):
        imported(kind, folder / file, database_url)

    assert rows(hub, schema.sites) == len(county.sites)
    assert rows(hub, schema.titles) == len(county.titles)
    assert rows(hub, schema.items) == len(county.items)
    found = item(hub, "YL0417170061")
    assert found is not None
    assert (found.home_site, found.current_site) == ("0417", "0417")


def test_titles_arrive_as_the_county_wrote_them(
    hub: Hub, database_url: str, folder: Path
) -> None:
    imported("marc", folder / "titles-gbk.mrc", database_url)

    with hub.database.reading() as conn:
        stored = conn.execute(select(schema.titles)).mappings().all()
    assert {
        (row["title_id"], row["title"], row["isbn"], row["clc"]) for row in stored
    } == {
        (title.title_id, title.title, title.isbn, title.clc)
        for title in make_county().titles
    }


def test_second_import_changes_nothing_and_wakes_no_kiosk(
    hub: Hub, database_url: str, folder: Path
) -> None:
    imported("marc", folder / "titles.mrc", database_url)
    before = newest(hub)

    again = imported("marc", folder / "titles.mrc", database_url)

    assert (again["taken"], again["changed"]) == (60, 0)
    assert newest(hub) == before


def test_dry_run_reports_and_writes_nothing(
    hub: Hub, database_url: str, folder: Path
) -> None:
    report = imported("marc", folder / "titles.mrc", database_url, "--dry-run")

    assert (report["changed"], report["dry_run"]) == (60, True)
    assert rows(hub, schema.titles) == 0


def test_bad_rows_are_listed_and_the_rest_is_taken(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    other = ONE_ITEM.replace("170061", "170062")
    file = written(
        tmp_path,
        "items.csv",
        ITEM_HEADING + other.replace("0417\n", "9999\n") + other + ONE_ITEM,
    )

    result = run("items", file, database_url, "--rejects", str(tmp_path / "bad.jsonl"))

    assert result.exit_code == 1
    assert "line 3: YL0417170062 stands in line 2 already" in result.output
    assert "line 2, home_site '9999': there is no such site" in result.output
    lines = (tmp_path / "bad.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["number"] for line in lines] == [2, 3]
    assert item(hub, "YL0417170061") is not None


def test_item_of_an_unknown_title_is_rejected(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    text = ITEM_HEADING + ONE_ITEM.replace("YL00000001", "YL00000099")

    result = run("items", written(tmp_path, "items.csv", text), database_url)

    assert result.exit_code == 1
    assert "title_id 'YL00000099'" in result.output


TAG_HEADING = ITEM_HEADING.replace("home_site\n", "home_site,标签序列号\n")
TAG = "E00401000012ABCD"


def tagged(barcode: str, uid: str) -> str:
    return f"{barcode},YL00000001,BOOK,lendable,CN-629900-1-YLT,0417,{uid}\n"


@pytest.mark.parametrize(
    "spelling",
    [TAG, "e00401000012abcd", " E0 04 01 00 00 12 AB CD ", "e0:04-010000:12abcd"],
)
def test_uid_of_a_tag_may_be_written_as_readers_do(
    hub: Hub, database_url: str, tmp_path: Path, spelling: str
) -> None:
    furnish(hub)
    text = TAG_HEADING + tagged("YL0417170061", spelling)

    imported("items", written(tmp_path, "items.csv", text), database_url)

    stored = item(hub, "YL0417170061")
    assert stored is not None
    assert stored.tag_uid == TAG


@pytest.mark.parametrize("uid", ["E0040", "E004", "no tag", f"{TAG};{TAG[:-1]}E"])
def test_uid_that_is_none_is_rejected(
    hub: Hub, database_url: str, tmp_path: Path, uid: str
) -> None:
    furnish(hub)
    text = TAG_HEADING + tagged("YL0417170061", uid)

    result = run("items", written(tmp_path, "items.csv", text), database_url)

    assert result.exit_code == 1
    assert "line 2, tag_uid" in result.output


def test_tag_of_two_copies_is_left_with_the_first(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    both = tagged("YL0417170061", TAG) + tagged("YL0417170062", TAG.lower())
    result = run(
        "items", written(tmp_path, "both.csv", TAG_HEADING + both), database_url
    )
    third = TAG_HEADING + tagged("YL0417170063", TAG)
    later = run("items", written(tmp_path, "third.csv", third), database_url)

    for refused in (result, later):
        assert refused.exit_code == 1
        assert f"tag_uid '{TAG}': is the tag of YL0417170061 already" in refused.output
    assert item(hub, "YL0417170062") is None


def test_tags_that_changed_places_are_taken(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    one, two, other = "YL0417170061", "YL0417170062", "E00401000012ABCE"
    before = TAG_HEADING + tagged(one, TAG) + tagged(two, other)
    imported("items", written(tmp_path, "before.csv", before), database_url)

    after = TAG_HEADING + tagged(one, other) + tagged(two, TAG)
    imported("items", written(tmp_path, "after.csv", after), database_url)

    stored = item(hub, two)
    assert stored is not None
    assert stored.tag_uid == TAG


@pytest.mark.parametrize(
    "again", [ITEM_HEADING + ONE_ITEM, TAG_HEADING + tagged("YL0417170061", "")]
)
def test_table_that_does_not_know_of_tags_forgets_none(
    hub: Hub, database_url: str, tmp_path: Path, again: str
) -> None:
    furnish(hub)
    first = TAG_HEADING + tagged("YL0417170061", TAG)
    imported("items", written(tmp_path, "first.csv", first), database_url)

    imported("items", written(tmp_path, "again.csv", again), database_url)

    stored = item(hub, "YL0417170061")
    assert stored is not None
    assert stored.tag_uid == TAG


def test_missing_column_stops_the_file_with_its_name(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    text = "barcode,title_id\nYL0417170061,YL00000001\n"

    result = run("items", written(tmp_path, "stock.csv", text), database_url)

    assert result.exit_code == 1
    assert "stock.csv: column item_type (文献类型) is missing" in result.output
    assert rows(hub, schema.items) == 0


def test_import_does_not_move_a_copy_that_circulates(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    file = written(tmp_path, "items.csv", ITEM_HEADING + ONE_ITEM)
    imported("items", file, database_url)
    with hub.database.writing() as conn:
        stored = catalogue.item(conn, "YL0417170061")
        assert stored is not None
        moved = replace(stored, current_site="0000")
        catalogue.put_items(conn, [moved])

    imported("items", file, database_url)

    assert item(hub, "YL0417170061") == moved


def test_copies_named_in_a_record_are_added_at_their_site(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    file = tmp_path / "titles.mrc"
    file.write_bytes(_record_with_holdings("马坪村", "YL0417170061;YL0417170062"))

    report = imported("marc", file, database_url)

    assert report["items"] == 2
    assert item(hub, "YL0417170062") == Item(
        barcode="YL0417170062",
        title_id="YL00000007",
        item_type="BOOK",
        state=ItemState.LENDABLE,
        owner="CN-629900-1-YLT",
        home_site="0417",
        current_site="0417",
    )


def test_copies_of_an_unknown_library_are_left_out_unless_a_site_takes_them(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    furnish(hub)
    file = tmp_path / "titles.mrc"
    file.write_bytes(_record_with_holdings("XXT", "YL0417170061"))

    without = imported("marc", file, database_url)
    with_site = imported("marc", file, database_url, "--site", "0417")

    assert without["items"] == 0
    assert "XXT" in without["remarks"][0]["text"]
    assert with_site["items"] == 1


@pytest.mark.usefixtures("hub")
def test_unknown_site_for_copies_is_refused(database_url: str, folder: Path) -> None:
    result = run("marc", folder / "titles.mrc", database_url, "--site", "9999")

    assert result.exit_code == 1
    assert "there is no site '9999'" in result.output


def test_patron_is_taken_and_a_card_of_somebody_else_is_left_out(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    heading = "number,name,patron_type,state,card_uid\n"
    first = "R62990000012345,张玉华,ADULT,valid,04A1B2C3\n"
    second = "R62990000012346,李静,普通读者,挂失,04A1B2C3\n"

    report = imported(
        "patrons", written(tmp_path, "p.csv", heading + first + second), database_url
    )

    assert (report["taken"], report["changed"]) == (2, 2)
    assert "04A1B2C3 identifies another patron" in report["remarks"][0]["text"]
    assert rows(hub, schema.credentials) == 3


def test_patron_imported_twice_keeps_cards_that_the_table_does_not_list(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    heading = "number,name,patron_type,state,card_uid\n"
    row = "R62990000012345,张玉华,ADULT,valid,04A1B2C3\n"
    imported("patrons", written(tmp_path, "p.csv", heading + row), database_url)

    without_card = row.replace("04A1B2C3", "")
    report = imported(
        "patrons", written(tmp_path, "q.csv", heading + without_card), database_url
    )

    assert report["changed"] == 0
    assert rows(hub, schema.credentials) == 2


def test_database_that_was_never_set_up_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, "patrons.csv", NO_CARDS)

    result = run("patrons", file, f"sqlite:///{tmp_path / 'empty.db'}")

    assert result.exit_code == 1
    assert "hub init" in result.output
    assert not (tmp_path / "empty.db").exists()


def _record_with_holdings(library: str, barcodes: str) -> bytes:
    fields = [
        b"001\x1eYL00000007",
        b"200\x1e1 \x1fa" + "围城".encode(),
        f"905\x1e  \x1fa{library}\x1fb{barcodes}".encode(),
    ]
    directory, content = b"", b""
    for field in fields:
        tag, _, text = field.partition(b"\x1e")
        directory += tag + f"{len(text) + 1:04d}{len(content):05d}".encode()
        content += text + b"\x1e"
    base = 24 + len(directory) + 1
    leader = f"{base + len(content) + 1:05d}nam0 22{base:05d}   450 ".encode()
    return leader + directory + b"\x1e" + content + b"\x1d"
