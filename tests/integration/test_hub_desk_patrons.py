"""Readers and books on the desk's pages: found, masked, changed."""

from __future__ import annotations

from sqlalchemy import select

from kiosk.domain.values import ItemState
from sync.hub.county.item_files import known_item, parts_of
from sync.hub.county.patron_files import find
from sync.hub.county.patrons import PatronRecord
from sync.hub.store import schema
from tests.integration.desk_world import Browser, browser, stranger
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


def test_reader_is_found_by_part_of_a_name_and_shown_masked(browser: Browser) -> None:
    page = browser.read("/desk/patrons?text=建华")

    assert "R1 张*华 普通读者 有效" in page
    assert "R2" not in page
    assert "张建华" not in page


def test_reader_is_found_by_card_and_by_filters(browser: Browser) -> None:
    assert "R3 李*明" in browser.read("/desk/patrons?text=r3")
    assert "R3 李*明" in browser.read("/desk/patrons?patron_type=TEMPORARY")
    assert "没有符合条件的读者" in browser.read("/desk/patrons?state=suspended")


def test_page_of_a_reader_shows_loans_and_hides_name_and_telephone(
    browser: Browser, county: County
) -> None:
    county.put_patron(PatronRecord("R1", "张建华", "ADULT", phone="13800001234"))
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    page = browser.read(f"/desk/patrons/{county.refs['R1']}")

    assert "张*华" in page
    assert "138****1234" in page
    assert "围城 YL0001" in page
    assert "张建华" not in page
    assert "13800001234" not in page


def test_full_record_is_shown_and_noted(browser: Browser, county: County) -> None:
    ref = county.refs["R1"]

    page = browser.post(f"/desk/patrons/{ref}/full", reason="phone call")

    assert "张建华" in page.text
    assert _noted(county, "patron.see") == [f"patron:{ref}"]


def test_full_record_of_a_minor_needs_a_reason(
    browser: Browser, county: County
) -> None:
    county.put_patron(PatronRecord("R9", "赵小敏", "CHILD"))
    ref = _ref(county, "R9")

    refused = browser.post(f"/desk/patrons/{ref}/full", reason=" ")
    shown = browser.post(f"/desk/patrons/{ref}/full", reason="parents ask")

    assert refused.status_code == 409
    assert "赵小敏" not in refused.text
    assert "赵小敏" in shown.text


def test_reader_is_registered_and_changed(browser: Browser, county: County) -> None:
    form = {"number": "R700", "name": "孙丽", "patron_type": "CHILD", "guardian": "R1"}

    made = browser.post("/desk/patrons", **form)
    again = browser.post("/desk/patrons", **form)

    assert made.status_code == 302
    assert again.status_code == 409
    ref = _ref(county, "R700")
    browser.post(f"/desk/patrons/{ref}/state", state="suspended", why="moved away")
    page = browser.read(f"/desk/patrons/{ref}")
    assert "暂停 moved away" in page
    assert "张*华 R1" in page


def test_bad_change_is_refused_and_says_why(browser: Browser, county: County) -> None:
    ref = county.refs["R1"]
    form = {"name": "张建华", "patron_type": "ADULT", "home_site": "A"}

    bad = browser.post(f"/desk/patrons/{ref}/change", **form, loan_limit="many")
    good = browser.post(f"/desk/patrons/{ref}/change", **form, loan_limit="7")

    assert bad.status_code == 409
    assert "“many”不是数字" in bad.text
    assert good.status_code == 302
    with county.hub.database.reading() as conn:
        assert find(conn, "R1").loan_limit == 7


def test_card_is_added_lost_and_found(browser: Browser, county: County) -> None:
    page = f"/desk/patrons/{county.refs['R1']}"

    browser.post(f"{page}/cards", kind="uid", text="04a1b2c3")
    added = browser.read(page)
    with county.hub.database.reading() as conn:
        cards = schema.credentials.c
        card = conn.execute(
            select(cards.digest).where(cards.kind == "uid")
        ).scalar_one()
    browser.post(f"{page}/card", card=card, state="lost")

    assert "芯片卡 *B2C3 可用" in added
    assert "芯片卡 *B2C3 挂失" in browser.read(page)
    assert "04A1B2C3" not in added


def test_book_is_found_by_words_and_barcode(browser: Browser) -> None:
    assert "围城 钱锺书" in browser.read("/desk/items?text=钱锺书")
    assert "YL0003" in browser.read("/desk/items?text=yl0003")
    assert "没有找到图书" in browser.read("/desk/items?text=红楼梦")


def test_book_shows_its_history(browser: Browser, county: County) -> None:
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], NOON - DAY),
        county.k1.takes_back("YL0001", NOON),
        county.k1.lends("YL0001", county.refs["R2"], NOON + MINUTE),
    )

    page = browser.read("/desk/items/YL0001")

    assert page.index("王* *R2") < page.index("张*华 *R1")


def test_book_is_changed_with_its_parts(browser: Browser, county: County) -> None:
    form = {
        "state": "damaged",
        "item_type": "AV",
        "home_site": "B",
        "current_site": "A",
        "part": ["book", "disc", ""],
        "missing": ["2"],
    }

    done = browser.post("/desk/items/YL0001", **form)

    assert done.status_code == 302
    with county.hub.database.reading() as conn:
        item = known_item(conn, "YL0001")
        parts = [(part.name, part.missing) for part in parts_of(conn, "YL0001")]
    assert (item.state, item.item_type, item.home_site) == (
        ItemState.DAMAGED,
        "AV",
        "B",
    )
    assert (parts, item.parts) == ([("book", False), ("disc", True)], 1)
    assert "disc 缺失" in browser.read("/desk/items/YL0001")


def test_change_of_a_book_that_is_refused_keeps_what_was_typed(
    browser: Browser,
) -> None:
    form = {
        "state": "damaged",
        "item_type": "AV",
        "home_site": "nowhere",
        "current_site": "A",
        "adult_only": "on",
        "part": ["book", "disc"],
        "missing": ["2"],
        "reason": "封面掉了",
    }

    refused = browser.post("/desk/items/YL0001", **form)

    assert refused.status_code == 409
    for kept in (
        '<option value="damaged" selected>',
        '<option value="AV" selected>',
        'name="adult_only" checked',
        'value="disc"',
        'value="2" checked',
        'value="封面掉了"',
    ):
        assert kept in refused.text, kept
    assert "disc" not in browser.get("/desk/items/YL0001").text


def test_unknown_reader_and_book_are_not_found(browser: Browser) -> None:
    assert browser.get("/desk/patrons/nobody").status_code == 404
    assert browser.get("/desk/items/nothing").status_code == 404


def _ref(county: County, number: str) -> str:
    with county.hub.database.reading() as conn:
        return find(conn, number).patron_ref


def _noted(county: County, what: str) -> list[str]:
    rows = county.rows(schema.audit_log, "entry")
    return [row["about"] for row in rows if row["what"] == what]
