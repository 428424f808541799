"""A loan stands although its tag could not be written; it is healed when seen again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def start_borrowing(county: Demo, screen: Page, card: str, book: str) -> None:
    county.card(card)
    county.place(book)
    screen.locator("button[value=confirm]:not([disabled])").click()


def test_a_book_lifted_before_its_tag_was_written_is_healed_in_a_later_session(
    county: Demo, screen: Page
) -> None:
    book = county.items[12]
    title = next(b["title"] for b in county.state()["books"] if b["item"] == book)
    county.network("slow")
    start_borrowing(county, screen, county.cards[11], book)
    expect(screen.locator("main")).to_have_attribute("data-screen", "working")
    county.lift(book)

    expect(screen.locator(".panel-put-back")).to_contain_text(title, timeout=15_000)
    county.network("up")
    eventually(lambda: county.open_loans(book) == [book], "the loan stands")
    assert county.afi(book) == ["07"]

    county.card(None)
    screen.locator("button[value=home]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "home")
    county.place(book)

    eventually(lambda: county.afi(book) == ["C2"], "the tag is healed on sight")
    assert county.open_loans(book) == [book]


def test_a_book_put_back_in_the_same_session_turns_green(
    county: Demo, screen: Page
) -> None:
    book = county.items[13]
    county.post("fault", device="pad", kind="write_fails", times=None)
    start_borrowing(county, screen, county.cards[13 - 2], book)
    expect(screen.locator(".panel-put-back")).to_be_visible(timeout=15_000)
    county.lift(book)
    county.post("fault", device="pad", kind="none")

    county.place(book)

    expect(screen.locator(".panel-put-back")).to_have_count(0, timeout=15_000)
    assert county.afi(book) == ["C2"]


def test_a_tag_that_cannot_be_armed_does_not_undo_the_return(
    county: Demo, screen: Page
) -> None:
    book = county.items[14]
    start_borrowing(county, screen, county.cards[0], book)
    eventually(lambda: county.afi(book) == ["C2"], "the tag disarmed")
    county.lift(book)
    screen.locator("button[value=home]").click()
    county.post("fault", device="pad", kind="write_fails", times=None)

    screen.locator("button[value=return]").click()
    county.place(book)

    expect(screen.locator(".panel-put-back")).to_be_visible(timeout=15_000)
    eventually(lambda: county.open_loans(book) == [], "the return counts")
    county.post("fault", device="pad", kind="none")
    eventually(
        lambda: county.afi(book) == ["07"], "the tag is armed while it lies there"
    )
