"""What the pages of the staff desk show."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import insert

from sync.hub.circulation.facts import Severity
from sync.hub.desk.words import LANGUAGES, catalogue
from sync.hub.devices.devices import note_heartbeat
from sync.hub.store import schema
from sync.protocol import Clock, Heartbeat, Kind, Outcome
from tests.integration.desk_world import NOW, Browser, browser, stranger
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["browser", "county", "database_url", "hub", "stranger"]


@pytest.mark.parametrize(
    ("page", "lands"),
    [
        ("/desk/loans?state=all", "/desk/loans?state=all"),
        ("https://evil.example/", "/desk/"),
        ("/desk//evil.example", "/desk/"),
        ("//evil.example", "/desk/"),
    ],
)
def test_language_switch_returns_to_a_page_of_the_desk(
    browser: Browser, page: str, lands: str
) -> None:
    answer = browser.post("/desk/language", language="en", page=page)

    assert answer.location == lands
    assert "Staff desk" in browser.read("/desk/loans")


def test_unknown_language_changes_nothing(browser: Browser) -> None:
    browser.post("/desk/language", language="xx", page="/desk/")

    assert "馆员工作台" in browser.read("/desk/")


def test_both_languages_have_the_same_texts() -> None:
    zh, en = (catalogue(name) for name in LANGUAGES)

    assert zh.keys() == en.keys()
    for message in zh:
        assert set(re.findall(r"\{\w+\}", zh[message])) == set(
            re.findall(r"\{\w+\}", en[message])
        ), message


def test_every_kind_and_outcome_has_words() -> None:
    known = catalogue("zh_Hans")

    assert {f"kind.{kind.value}" for kind in Kind} <= known.keys()
    assert {f"outcome.{outcome.value}" for outcome in Outcome} <= known.keys()
    assert {f"clock.{clock.value}" for clock in Clock} <= known.keys()
    assert {f"severity.{severity.value}" for severity in Severity} <= known.keys()


def test_overview_counts_today(browser: Browser, county: County) -> None:
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], NOON - DAY),
        county.k1.lends("YL0002", county.refs["R1"], NOON),
        county.k1.takes_back("YL0001", NOON + MINUTE),
    )

    page = browser.read("/desk/")

    assert "1 今天借出" in page
    assert "1 今天归还" in page
    assert "1 在借" in page


def test_day_begins_at_midnight_in_the_county(browser: Browser, county: County) -> None:
    midnight = NOON.replace(hour=16) - DAY  # 00:00 in the county
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], midnight - MINUTE),
        county.k1.lends("YL0002", county.refs["R1"], midnight + MINUTE),
    )

    assert "1 今天借出" in browser.read("/desk/")


def test_ask_without_an_answer_is_no_loan_yet(browser: Browser, county: County) -> None:
    county.send(county.k1.asks("YL0001", county.refs["R1"]))

    assert "0 今天借出" in browser.read("/desk/")


def test_device_shows_when_it_was_seen_and_what_it_still_has(
    browser: Browser, county: County
) -> None:
    heartbeat = Heartbeat(version="26.11.0", pending=12, epoch="e1", seq=40)
    with county.hub.database.writing() as conn:
        note_heartbeat(conn, "k1", heartbeat, NOW - 2 * MINUTE)
        note_heartbeat(conn, "k2", heartbeat, NOW - 3 * DAY)

    page = browser.read("/desk/")

    assert "马坪村 k1 在线 2 分钟前 12 26.11.0" in page
    assert "上湾村 k2 失联 3 天前" in page


def test_loan_shows_title_masked_reader_and_due_date(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    page = browser.read("/desk/loans")

    assert "围城 YL0001 张*华 *R1 马坪村" in page
    assert "2026-08-02" in page
    assert "张建华" not in page


def test_overdue_loan_is_marked_with_its_days(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"], NOON - 33 * DAY))

    assert "逾期 3 天" in browser.read("/desk/loans")
    assert "逾期 3 天" in browser.read("/desk/loans?state=overdue")


def test_open_loans_come_before_returned_ones(browser: Browser, county: County) -> None:
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], NOON - DAY),
        county.k1.lends("YL0002", county.refs["R1"], NOON),
        county.k1.takes_back("YL0002", NOON + MINUTE),
    )

    page = browser.read("/desk/loans?state=all")

    assert page.index("YL0001") < page.index("YL0002")
    assert "归还于 马坪村" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("patron=R1", {"YL0001"}),
        ("patron=r1%20", {"YL0001"}),
        ("patron=R9", set()),
        ("item=yl0002", {"YL0002"}),
        ("item=围城", {"YL0001", "YL0002"}),
        ("item=%25", set()),
        ("site=A", {"YL0001"}),
        ("site=B&patron=R2", {"YL0002"}),
        ("state=overdue", set()),
        ("from=x", {"YL0001", "YL0002"}),
        ("from=open+2026-07-03T04:00:00+x", {"YL0001", "YL0002"}),
        ("from=open+2026-07-03T04:00:00%2B00:00+", set()),
        ("state=overdue&from=open+2026-07-03T04:00:00%2B00:00+x", set()),
    ],
)
def test_loans_are_found_by_reader_item_and_site(
    browser: Browser, county: County, query: str, found: set[str]
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    county.send(county.k2.lends("YL0002", county.refs["R2"]))

    page = browser.read(f"/desk/loans?{query}")

    shown = page.partition("借出时间")[2]
    assert set(re.findall(r"YL\d{4}", shown)) == found


@pytest.mark.parametrize("state", ["all", "overdue"])
def test_long_list_is_cut_into_pages(
    browser: Browser, county: County, state: str
) -> None:
    rows = [_old_loan(number) for number in range(120)]
    if state == "overdue":
        rows = [row | {"returned_at": None} for row in rows]
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.loans), rows)

    address: str | None = f"/desk/loans?state={state}"
    shown = list[str]()
    lengths = []
    while address:
        page = browser.get(address).text
        found = list(dict.fromkeys(re.findall(r"OLD\d+", page)))
        shown, lengths = [*shown, *found], [*lengths, len(found)]
        onward = re.findall(r'href="([^"]+from=[^"]+)"', page)
        address = html.unescape(onward[0]) if onward else None

    assert lengths == [50, 50, 20]
    assert len(set(shown)) == 120
    assert "共 120 条" in browser.read(f"/desk/loans?state={state}")


def test_pages_go_from_open_loans_to_closed_ones(
    browser: Browser, county: County
) -> None:
    rows = [_old_loan(number) for number in range(60)]
    open_ones = {"OLD001", "OLD051"}
    rows = [
        row | ({"returned_at": None} if row["item"] in open_ones else {})
        for row in rows
    ]
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.loans), rows)

    page = browser.get("/desk/loans?state=all").text

    first = list(dict.fromkeys(re.findall(r"OLD\d+", page)))
    assert set(first[:2]) == open_ones
    assert len(first) == 50


def test_devices_come_by_the_page_the_longest_unheard_of_first(
    browser: Browser, county: County
) -> None:
    devices = [_device(f"q{number:03d}", number) for number in range(120)]
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.devices), devices)

    first, second = (browser.read(f"/desk/?page={page}") for page in (1, 2))

    assert "第 1 页，共 2 页" in first
    found = re.findall(r"\b(?:k1|k2|q\d{3})\b", first + second)
    assert found[:3] == ["k1", "k2", "q119"]
    assert len(found) == len(set(found)) == 122


def test_event_shows_both_times_and_the_verdict(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]), now=NOON + 5 * MINUTE)

    page = browser.read("/desk/events/now")

    assert page == "借书 围城 YL0001 张*华 *R1 马坪村 12:00:00 12:05:00 已登记"


def test_newest_event_is_on_top(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]), now=NOON)
    county.send(county.k1.takes_back("YL0001"), now=NOON + MINUTE)

    page = browser.read("/desk/events/now")

    assert page.index("还书") < page.index("借书")


@pytest.mark.parametrize(
    ("query", "kinds"), [("kind=CHECKIN", ["还书"]), ("site=B", ["借书"])]
)
def test_events_are_filtered_by_kind_and_site(
    browser: Browser, county: County, query: str, kinds: list[str]
) -> None:
    county.send(county.k1.takes_back("YL0001"))
    county.send(county.k2.lends("YL0002", county.refs["R1"]))

    page = browser.read(f"/desk/events/now?{query}")

    assert re.findall("借书|还书", page) == kinds


def test_unchanged_events_are_not_sent_again(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    tag = browser.get("/desk/events/now").headers["ETag"]
    headers = {"If-None-Match": tag}

    same = browser.get("/desk/events/now", headers=headers)
    county.send(county.k1.takes_back("YL0001"))
    other = browser.get("/desk/events/now", headers=headers)

    assert (same.status_code, other.status_code) == (304, 200)


def test_text_from_a_kiosk_is_shown_as_text(browser: Browser, county: County) -> None:
    payload = {"title": "<script>alert(1)</script>"}
    county.send(county.k1.lends("YLNEW1", county.refs["R1"], payload=payload))

    page = browser.get("/desk/events").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def _old_loan(number: int) -> dict[str, object]:
    return {
        "loan_id": f"old-{number}",
        "loan_ref": f"old-{number}",
        "item": f"OLD{number:03d}",
        "patron_ref": "gone",
        "loaned_at": NOON - 40 * DAY,
        "due_on": (NOON - 10 * DAY).date(),
        "renewed": 0,
        "loan_site": "A",
        "returned_at": NOON - 20 * DAY,
        "return_site": "A",
        "how_closed": "returned",
    }


def _device(kiosk_id: str, days: int) -> dict[str, object]:
    """One at A that the hub has not heard of for so many days."""
    return {
        "kiosk_id": kiosk_id,
        "site_id": "A",
        "public_key": f"key of {kiosk_id}",
        "hostname": "",
        "state": "active",
        "enrolled_at": NOON - 200 * DAY,
        "last_seen_at": NOW - days * DAY,
    }
