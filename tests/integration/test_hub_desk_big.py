"""The desk in a county whose sites, holds and transfers fill more than a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Table, event, insert

from kiosk.domain.values import Site
from sync.hub.county import catalogue
from sync.hub.desk.paging import PAGE
from sync.hub.desk.site_field import MAX_OPTIONS
from sync.hub.store import schema
from tests.integration.desk_world import NOW, Browser, browser, stranger
from tests.integration.hub_world import County, county, database_url, hub

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

MANY = MAX_OPTIONS + 20
LINES = PAGE + 5
_NEXT = re.compile(r'href="(/desk/[^"]*)"[^>]*>(?:下一页)<')


def fill_with_sites(here: County) -> None:
    """So many villages that no list of them is offered; 3 of them are called Long."""
    sites = [
        Site(f"V{n:04d}", f"{'龙' if n < 3 else '村'}{n}号点", f"点{n}", "point", "hub")
        for n in range(MANY)
    ]
    with here.hub.database.writing() as conn:
        catalogue.put_sites(conn, sites)


def put(here: County, table: Table, rows: list[dict[str, Any]]) -> None:
    with here.hub.database.writing() as conn:
        conn.execute(insert(table), rows)


def fill_with_wishes(here: County) -> None:
    """Somebody waits for each of many books that stand in village A."""
    count, reader = range(LINES), here.refs["R1"]
    titles = [
        {"title_id": f"b{n}", "title": f"第{n:03d}卷", "author": "", "publisher": ""}
        | {"year": "", "isbn": "", "clc": "I2"}
        for n in count
    ]
    items = [
        {"barcode": f"B{n:04d}", "title_id": f"b{n}", "item_type": "BOOK"}
        | {"state": "lendable", "owner": "", "home_site": "A", "current_site": "A"}
        | {"adult_only": False, "parts": 1}
        for n in count
    ]
    holds = [
        {"hold_id": f"h{n}", "title_id": f"b{n}", "item": "", "patron_ref": reader}
        | {"site_id": "A", "placed_at": NOW, "state": "waiting", "since": NOW}
        for n in count
    ]
    put(here, schema.titles, titles)
    put(here, schema.items, items)
    put(here, schema.holds, holds)


def pages(browser: Browser, path: str, word: str) -> list[list[str]]:
    """What each page of a list shows, from the first to the last."""
    found = []
    while path:
        text = browser.get(path).text
        found.append(re.findall(word, text))
        onward = _NEXT.search(text)
        path = onward.group(1).replace("&amp;", "&") if onward else ""
    return found


@contextmanager
def statements(here: County) -> Iterator[list[str]]:
    found: list[str] = []
    engine = here.hub.database.engine

    def note(*words: Any) -> None:
        found.append(words[2])

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_few_sites_are_chosen_from_a_list(browser: Browser) -> None:
    for page in ("loans", "cases", "events", "holds", "holds/queue", "transfers"):
        text = browser.get(f"/desk/{page}").text

        assert '<select name="site">' in text, page
        assert '<option value="A"' in text, page


def test_one_of_many_sites_is_typed_by_number_or_by_name(
    browser: Browser, county: County
) -> None:
    fill_with_sites(county)

    for page in ("loans", "cases", "events", "holds", "holds/queue", "transfers"):
        for asked in ("A", "马坪", "马坪村借阅点"):
            text = browser.get(f"/desk/{page}?site={asked}").text

            assert '<input name="site"' in text, page
            assert " · 马坪村" in text, (page, asked)
            assert text.count("<option") < MAX_OPTIONS, page


def test_name_of_several_sites_offers_each_and_shows_none(
    browser: Browser, county: County
) -> None:
    fill_with_sites(county)

    text = browser.get("/desk/loans?state=all&site=龙").text

    offered = re.findall(r'href="(/desk/loans\?[^"]*site=V\d{4}[^"]*)"', text)
    assert len(offered) == 3
    assert all("state=all" in link for link in offered)
    for page in ("loans", "transfers"):
        assert "没有叫这个名称的站点" in browser.read(f"/desk/{page}?site=nowhere")
    assert 'name="barcodes"' not in browser.get("/desk/transfers?site=龙").text
    assert 'name="barcodes"' in browser.get("/desk/transfers?site=A").text


def test_sites_come_by_the_page_each_of_them_once(
    browser: Browser, county: County
) -> None:
    fill_with_sites(county)

    found = pages(browser, "/desk/sites", r'<small class="code">([^<]+)</small>')

    assert [len(page) for page in found] == [100, 100, MANY + 3 - 200]
    assert len({site for page in found for site in page}) == MANY + 3
    assert "3" in browser.read("/desk/sites?text=龙")
    assert "V0001" in browser.get("/desk/sites?text=龙").text
    assert "V0004" not in browser.get("/desk/sites?text=龙").text


@pytest.mark.parametrize("page", ["sites", "sites/A", "sites/A/record", "loans"])
def test_page_asks_no_more_in_a_county_of_many_sites(
    browser: Browser, county: County, page: str
) -> None:
    with statements(county) as few:
        browser.get(f"/desk/{page}")
    fill_with_sites(county)
    with statements(county) as many:
        browser.get(f"/desk/{page}")

    assert few
    assert len(many) <= len(few) + 1


@pytest.mark.parametrize("page", ["holds", "holds/queue"])
def test_holds_come_by_the_page_each_of_them_once(
    browser: Browser, county: County, page: str
) -> None:
    fill_with_wishes(county)

    found = pages(browser, f"/desk/{page}?site=A", r"第\d{3}卷")

    assert [len(lines) for lines in found] == [PAGE, LINES - PAGE]
    assert len({line for lines in found for line in lines}) == LINES
    assert len(re.findall(r"第\d{3}卷", browser.get("/desk/holds/pull.csv").text)) == (
        LINES
    )


def test_transfers_come_by_the_page_and_the_table_has_all(
    browser: Browser, county: County
) -> None:
    lines = [
        {"transfer_id": f"l{n}", "item": f"X{n:04d}", "from_site": "A", "to_site": "B"}
        | {"reason": "hold", "because": "", "opened_at": NOW, "opened_by": ""}
        | {"sent_by": "", "received_by": "", "state": "wanted", "ended_by": ""}
        for n in range(LINES)
    ]
    put(county, schema.transfers, lines)

    found = pages(browser, "/desk/transfers?site=A", r">(X\d{4})<")

    assert [len(page) for page in found] == [PAGE, LINES - PAGE]
    assert len({item for page in found for item in page}) == LINES
    table = browser.get("/desk/transfers.csv?site=A").text
    assert len(re.findall(r"X\d{4}", table)) == LINES


def test_boxes_come_by_the_page_each_of_them_once(
    browser: Browser, county: County
) -> None:
    boxes = [
        {"box_id": f"BX{n:04d}", "home_site": "A", "destination": ""}
        | {"state": "packing", "since": NOW}
        for n in range(LINES)
    ]
    put(county, schema.boxes, boxes)

    found = pages(browser, "/desk/boxes", r">(BX\d{4})<")

    assert [len(page) for page in found] == [PAGE, LINES - PAGE]
    assert len({box for page in found for box in page}) == LINES


@pytest.mark.parametrize(
    "query",
    [
        "from_severity=high&from_case=x&from_time=0001-01-01T00:00:00%2B14:00",
        "from_severity=high&from_case=x&from_time=9999-12-31T23:59:59-14:00",
        "older=999999999",
        "older=-999999999",
    ],
)
def test_list_of_cases_begins_at_the_top_for_a_time_out_of_all_time(
    browser: Browser, query: str
) -> None:
    assert browser.get(f"/desk/cases?{query}").status_code == 200


def test_time_before_all_time_is_no_time_of_a_decision(browser: Browser) -> None:
    answer = browser.post("/desk/cases/resolve", case_id="x", when="0001-01-01T00:00")

    assert answer.status_code < 500
