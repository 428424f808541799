"""Whatever comes over the lines, the screen says what it means and goes on working."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("YL9999999999", "E-ITEM-UNKNOWN"),
        ("9787506365437", "E-ISBN"),
        ("<script>alert(1)</script>", "E-ITEM-UNKNOWN"),
    ],
)
def test_a_code_that_is_no_label_is_named_for_what_it_is(
    county: Demo, screen: Page, text: str, code: str
) -> None:
    screen.locator("button[value=return]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "return")

    county.post("scan", text=text)

    expect(screen.get_by_role("alert")).to_contain_text(code)


def test_a_card_that_nobody_has_is_named_and_lends_nothing(
    county: Demo, screen: Page
) -> None:
    (stranger,) = (
        card["number"]
        for card in county.state()["cards"]
        if card["number"] not in county.cards
    )
    screen.locator("button[value=borrow]").click()
    expect(screen.locator("main[data-screen=identify]")).to_be_visible()

    county.card(stranger)

    expect(screen.get_by_role("alert")).to_contain_text("E-CARD-UNKNOWN")
    expect(screen.locator("main[data-screen=identify]")).to_be_visible()


def test_each_troublesome_tag_has_words_of_its_own(county: Demo, screen: Page) -> None:
    troubled = [book for book in county.state()["books"] if book["trouble"]]
    kinds = {book["trouble"]: book["uid"] for book in troubled}
    screen.locator("button[value=return]").click()

    for trouble, words in (
        ("blank", "芯片是空的"),
        ("foreign", "不是我们县的书"),
        ("set_incomplete", "少了"),
        ("uid_only", "芯片读不出来"),
    ):
        county.place(kinds[trouble])
        expect(screen.locator(".books")).to_contain_text(words)
        county.lift(kinds[trouble])
        expect(screen.locator(".book")).to_have_count(0)


@pytest.mark.fault("O33")
def test_noise_flicker_and_half_reads_on_the_pad_lose_no_book(
    county: Demo, screen: Page
) -> None:
    books = county.items[15:18]
    county.post("fault", device="pad", kind="noise", times=20)
    county.post("fault", device="pad", kind="wrong_crc", times=3)
    county.post("fault", device="pad", kind="partial_read", times=2)

    screen.locator("button[value=return]").click()
    county.place(*books)

    expect(screen.get_by_role("heading", name="还好了 3 本")).to_be_visible(
        timeout=30_000
    )


@pytest.mark.fault("O32")
def test_a_pad_that_is_unplugged_is_named_and_comes_back_by_itself(
    county: Demo, screen: Page
) -> None:
    county.post("fault", device="pad", kind="unplug")
    expect(screen.locator(".banners")).to_contain_text("台面坏了", timeout=20_000)

    county.post("fault", device="pad", kind="none")

    expect(screen.locator(".banners")).to_have_count(0, timeout=20_000)
    screen.locator("button[value=return]").click()
    county.place(county.items[18])
    eventually(
        lambda: "还" in screen.locator(".books").inner_text(), "the book is seen"
    )
