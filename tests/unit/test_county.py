"""The invented county: the same each time, and with every case that a test needs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from stdnum import isbn

from drivers.tagdata.detect import detect
from kiosk.demo.bench_books import BenchBook
from kiosk.demo.county import DEFAULT_SEED, County, make_county, write_county
from kiosk.demo.places import DEMO_SITE
from kiosk.demo.stock import farmhouse_class

#: Shares of a farmhouse library's classes in per cent.
CLASS_MIX = {"政经": 4, "科技": 40, "生活": 10, "文化": 35, "少儿": 10, "其他": 1}
FILES = {
    *("titles.mrc", "titles-gbk.mrc", "sites.csv", "items.csv", "patrons.csv"),
    "books.json",
}


@pytest.fixture(scope="module")
def county() -> County:
    return make_county()


def troubled(county: County, trouble: str) -> list[BenchBook]:
    return [book for book in county.bench if book.trouble == trouble]


def content_of(book: BenchBook) -> tuple[str, str]:
    found = detect(bytes.fromhex(book.memory), dsfid=book.dsfid)
    return found.item or "", found.owner or ""


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    write_county(tmp_path / "one")
    write_county(tmp_path / "two")

    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == FILES
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (
            tmp_path / "two" / name
        ).read_bytes()


def test_other_seed_gives_other_people() -> None:
    assert make_county(seed=DEFAULT_SEED + 1).patrons != make_county().patrons


def test_small_county_has_the_promised_size(county: County) -> None:
    assert Counter(site.level for site in county.sites) == {
        "HUB": 1,
        "BRANCH": 3,
        "POINT": 6,
    }
    assert (len(county.titles), len(county.items), len(county.patrons)) == (60, 240, 30)
    assert len(troubled(county, "")) == 24


def test_full_county_fits_a_first_year() -> None:
    full = make_county("full")

    assert Counter(site.level for site in full.sites) == {
        "HUB": 1,
        "BRANCH": 15,
        "POINT": 60,
    }
    assert len(full.items) == len({item.barcode for item in full.items}) == 45_000
    assert len({title.title for title in full.titles}) == len(full.titles)


@pytest.mark.parametrize(("size", "slack"), [("small", 12), ("full", 2)])
def test_stock_has_the_class_mix_of_a_farmhouse_library(size: str, slack: int) -> None:
    titles = make_county(size).titles

    mix = Counter(farmhouse_class(title.clc) for title in titles)

    for name, share in CLASS_MIX.items():
        assert abs(mix[name] * 100 / len(titles) - share) <= slack, name


def test_every_reference_between_the_tables_holds(county: County) -> None:
    titles = {title.title_id for title in county.titles}
    sites = {site.site_id for site in county.sites}

    assert {item.title_id for item in county.items} <= titles
    assert {item.home_site for item in county.items} <= sites
    assert {site.parent for site in county.sites if site.parent} <= sites
    assert DEMO_SITE in sites


def test_barcodes_and_card_numbers_are_unique(county: County) -> None:
    assert len({item.barcode for item in county.items}) == len(county.items)
    assert len({patron.number for patron in county.patrons}) == len(county.patrons)
    assert len({patron.card_uid for patron in county.patrons}) == len(county.patrons)
    assert "YL0104170238" in {item.barcode for item in county.items}


def test_book_numbers_of_known_titles_are_right(county: County) -> None:
    numbers = [title.isbn for title in county.titles if title.isbn]

    assert len(numbers) == 9
    assert all(isbn.is_valid(number) for number in numbers)


def test_patrons_are_of_every_type_and_state(county: County) -> None:
    assert {patron.patron_type for patron in county.patrons} == {
        *("ADULT", "SENIOR", "CHILD", "YOUTH", "FAMILY", "GROUP"),
        *("TEMPORARY", "STAFF"),
    }
    assert {patron.state for patron in county.patrons} == {
        *("valid", "credit_valid", "to_verify", "lost", "suspended", "cancelled"),
    }
    assert county.patrons[0].number == "R62990000012345"
    assert any(patron.expires_on < "2025" for patron in county.patrons)
    assert any(patron.qr for patron in county.patrons)


def test_no_card_number_looks_like_a_document(county: County) -> None:
    assert all(not patron.number.isdigit() for patron in county.patrons)


def test_ordinary_books_carry_their_barcode_in_both_models(county: County) -> None:
    books = troubled(county, "")

    assert {book.model for book in books} == {"iso28560-2", "iso28560-3"}
    assert [content_of(book)[0] for book in books] == [book.barcode for book in books]


def test_every_tag_has_a_uid_of_its_own(county: County) -> None:
    uids = [book.uid for book in county.bench]

    assert len(set(uids)) == len(uids)
    assert all(len(uid) == 16 and uid.startswith("E004") for uid in uids)


@pytest.mark.parametrize("trouble", ["blank", "uid_only"])
def test_tag_without_content_names_no_item(county: County, trouble: str) -> None:
    (book,) = troubled(county, trouble)

    assert content_of(book) == ("", "")


def test_owner_is_missing_or_strange_where_it_should_be(county: County) -> None:
    (missing,) = troubled(county, "owner_missing")
    (foreign,) = troubled(county, "foreign")

    assert content_of(missing) == (missing.barcode, "")
    assert content_of(foreign) == (foreign.barcode, "CN-629800-1-YCT")


def test_two_tags_carry_the_same_barcode(county: County) -> None:
    first, second = troubled(county, "duplicate")

    assert content_of(first) == content_of(second)
    assert first.uid != second.uid


def test_sets_are_whole_or_lack_their_middle_part(county: County) -> None:
    whole, broken = troubled(county, "set"), troubled(county, "set_incomplete")

    assert [book.part for book in whole] == [1, 2, 3]
    assert [book.part for book in broken] == [1, 3]
    found = detect(bytes.fromhex(broken[1].memory), dsfid=broken[1].dsfid)
    assert (found.parts, found.part) == (3, 3)


def test_unknown_item_is_in_no_table(county: County) -> None:
    (unknown,) = troubled(county, "unknown_item")

    assert unknown.barcode not in {item.barcode for item in county.items}


def test_tables_can_be_read_by_anyone(tmp_path: Path, county: County) -> None:
    write_county(tmp_path)

    with (tmp_path / "items.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    bench = json.loads((tmp_path / "books.json").read_bytes())

    assert [row["barcode"] for row in rows] == [item.barcode for item in county.items]
    assert {"barcode", "title", "uid", "model", "dsfid", "memory"} <= set(
        bench["books"][0]
    )
    assert bench["site"] == DEMO_SITE
