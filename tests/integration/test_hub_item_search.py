"""Books are found by any part of a title, author, ISBN, class or barcode, page by page."""

from __future__ import annotations

import pytest

from kiosk.domain.values import Item, ItemState, Title
from sync.hub.county import catalogue
from sync.hub.county.item_search import Field, search_items
from sync.hub.county.search_terms import MAX_QUERY_TERMS, asked, class_steps, words
from sync.hub.store.setup import Hub
from tests.integration.hub_world import database_url, hub

__all__ = ["database_url", "hub"]

TITLES = (
    Title("t1", "苹果树冬季修剪问答", "李农", clc="S661.1"),
    Title("t2", "平凡的世界", "路遥", isbn="9787530215593", clc="I247.57"),
    Title("t3", "三体", "刘慈欣", isbn="9787536692930", clc="I247.55"),
    Title("t4", "Python 入门 2nd", "O'Neil", clc="TP311.56"),
)


@pytest.fixture
def stocked(hub: Hub) -> Hub:
    with hub.database.writing() as conn:
        catalogue.put_titles(conn, TITLES)
        copies = [
            Item(f"B{n}", f"t{n}", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A")
            for n in range(1, 5)
        ]
        catalogue.put_items(conn, copies)
    return hub


def found(hub: Hub, text: str, field: Field = Field.ANY) -> list[str]:
    with hub.database.reading() as conn:
        return [one.title.title_id for one in search_items(conn, text, field).found]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("冬季修剪", ["t1"]),
        ("果树", ["t1"]),
        ("苹", ["t1"]),
        ("果修", []),
        ("平凡 路遥", ["t2"]),
        ("平凡 刘慈欣", []),
        ("python", ["t4"]),
        ("ＰＹＴＨＯＮ 入门", ["t4"]),
        ("978-7-5302-1559-3", ["t2"]),
        ("9787536692930", ["t3"]),
        ("I247", ["t2", "t3"]),
        ("i247.57", ["t2"]),
        ("I", ["t2", "t3"]),
        ("S661", ["t1"]),
        ("b4", ["t4"]),
        ("没有的书", []),
        ("！？", []),
        ("", ["t1", "t2", "t3", "t4"]),
    ],
)
def test_what_is_typed_finds_the_book(
    stocked: Hub, text: str, titles: list[str]
) -> None:
    assert found(stocked, text) == titles


def test_search_in_one_field_looks_nowhere_else(stocked: Hub) -> None:
    assert found(stocked, "B4", Field.WORDS) == []
    assert found(stocked, "三体", Field.BARCODE) == []
    assert found(stocked, "TP3", Field.CLASS) == ["t4"]


def test_pages_join_up_though_titles_come_in_between(stocked: Hub) -> None:
    with stocked.database.writing() as conn:
        more = [Title(f"x{n}", f"三体 {n}", "", clc="I247.55") for n in range(9)]
        catalogue.put_titles(conn, more)
    joined: list[str] = []
    after: str | None = ""
    while after is not None:
        with stocked.database.reading() as conn:
            page = search_items(conn, "三体", Field.ANY, after, limit=4)
        joined += [one.title.title_id for one in page.found]
        after = page.after

    assert joined == ["t3", *(f"x{n}" for n in range(9))]


def test_renamed_title_is_found_by_its_new_name_alone(stocked: Hub) -> None:
    with stocked.database.writing() as conn:
        catalogue.put_titles(conn, [Title("t3", "流浪地球", "刘慈欣", clc="P1")])

    assert found(stocked, "三体") == []
    assert found(stocked, "流浪") == ["t3"]
    assert found(stocked, "I247") == ["t2"]


def test_terms_of_a_text() -> None:
    assert words("三体 II") == {"三", "三体", "ii"}
    assert asked("三体 II") == ("三体", "ii")
    assert class_steps("I247.5") == {"I", "I2", "I24", "I247", "I247.5"}
    assert len(asked("一二三四五六七八九十百千万亿兆")) == MAX_QUERY_TERMS
