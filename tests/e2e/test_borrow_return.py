"""From bytes on a pad to the county's record and back, through a real browser."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.demo import Demo
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def confirm(page: Page, count: int) -> None:
    """Wait until the screen has counted, then say yes."""
    expect(page.locator(".book")).to_have_count(count)
    page.locator("button[value=confirm]:not([disabled])").click()
    expect(page.locator("main")).to_have_attribute("data-screen", "done")


def test_a_card_and_three_books_become_three_loans_and_come_back(
    county: Demo, screen: Page
) -> None:
    books = county.items[:3]
    assert county.afi(*books) == ["07", "07", "07"]

    county.card(county.cards[0])
    county.place(*books)
    confirm(screen, 3)

    eventually(lambda: county.afi(*books) == ["C2"] * 3, "all three tags disarmed")
    loans = eventually(
        lambda: len(found := county.loans(*books)) == 3 and found, "three loans"
    )
    assert {loan["patron"] for loan in loans} == {county.cards[0]}
    due = {dt.datetime.fromisoformat(loan["due_at"]).date() for loan in loans}
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
    assert due == {today + dt.timedelta(days=30)}
    expect(screen.locator(".books")).to_contain_text(f"{due.pop().day}日")

    county.lift(*books)
    county.card(None)
    screen.locator("button[value=home]").click()
    screen.locator("button[value=return]").click()
    county.place(*books)

    expect(screen.get_by_role("heading", name="还好了 3 本")).to_be_visible()
    assert county.afi(*books) == ["07", "07", "07"]
    eventually(lambda: county.open_loans(*books) == [], "all three loans closed")


def test_the_screen_speaks_english_when_asked(county: Demo, screen: Page) -> None:
    book = county.items[3]
    screen.locator("button[value=en]").click()
    expect(screen.locator("button[value=borrow]")).to_contain_text("Borrow")

    county.card(county.cards[2])
    county.place(book)
    confirm(screen, 1)

    expect(screen.get_by_role("heading", name="1 book borrowed")).to_be_visible()
    eventually(lambda: county.afi(book) == ["C2"], "the tag disarmed")
    county.lift(book)
    screen.locator("button[value=home]").click()
    screen.locator("button[value=en]").click()
    screen.locator("button[value=return]").click()
    county.place(book)
    expect(screen.get_by_role("heading", name="1 returned")).to_be_visible()
    eventually(lambda: county.open_loans(book) == [], "the loan closed")


def test_a_barcode_is_enough_where_there_is_no_tag(county: Demo, screen: Page) -> None:
    book = county.items[4]
    county.card(county.cards[6])
    expect(screen.locator("main")).to_have_attribute("data-screen", "borrow")
    county.post("scan", text=book)
    confirm(screen, 1)
    eventually(lambda: county.open_loans(book) == [book], "the loan at the hub")

    screen.locator("button[value=home]").click()
    screen.locator("button[value=return]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "return")
    county.post("scan", text=book)

    expect(screen.get_by_role("heading", name="还好了 1 本")).to_be_visible()
    eventually(lambda: county.open_loans(book) == [], "the loan closed")


def test_a_returned_book_may_be_returned_again_without_blame(
    county: Demo, screen: Page
) -> None:
    book = county.items[5]

    screen.locator("button[value=return]").click()
    county.place(book)

    expect(screen.locator(".books")).to_contain_text("已经还过")


def test_a_second_tap_on_confirm_lends_once(county: Demo, screen: Page) -> None:
    book = county.items[6]
    county.card(county.cards[7])
    county.place(book)
    button = screen.locator("button[value=confirm]:not([disabled])")
    button.wait_for()

    button.dblclick()

    expect(screen.locator("main")).to_have_attribute("data-screen", "done")
    eventually(lambda: len(county.loans(book)) == 1, "one loan")
    checkouts = [
        line["event"]
        for line in county.events()
        if line["event"]["item"] == book and line["event"]["kind"] == "CHECKOUT"
    ]
    assert len(checkouts) == 1


@pytest.mark.parametrize(
    ("place", "words"), [(3, "到期"), (4, "挂失"), (5, "暂时不能借")]
)
def test_a_card_that_may_not_borrow_is_told_why(
    county: Demo, screen: Page, place: int, words: str
) -> None:
    county.card(county.cards[place])

    expect(screen.get_by_role("alert")).to_contain_text(words)
    expect(screen.locator("button[value=confirm]:not([disabled])")).to_have_count(0)


def test_the_staff_desk_shows_what_comes_in(
    county: Demo, screen: Page, browser: Browser
) -> None:
    book = county.items[7]
    desk = browser.new_page()
    desk.goto(county.hub)
    desk.locator("input[name=name]").fill(county.hub_user)
    desk.locator("input[name=password]").fill(county.hub_password)
    desk.locator("button.main").click()
    desk.goto(f"{county.hub}desk/events")

    screen.locator("button[value=return]").click()
    county.place(book)

    title = next(b["title"] for b in county.state()["books"] if b["item"] == book)
    expect(desk.locator("table")).to_contain_text(title, timeout=15_000)
    desk.close()
