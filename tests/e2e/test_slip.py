"""The slip of a visit: on paper from the bench's printer, else from the screen."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def borrow(county: Demo, screen: Page, book: str) -> str:
    """Borrow one book; returns the receipt's number."""
    county.card(county.cards[1])
    county.place(book)
    screen.locator("button[value=confirm]:not([disabled])").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "done")
    return screen.locator(".receipt strong").inner_text()


def bring_back(county: Demo, screen: Page, book: str) -> None:
    county.card(None)
    county.lift(book)
    screen.locator("button[value=home]").click()
    screen.locator("button[value=return]").click()
    county.place(book)
    expect(screen.get_by_role("heading", name="还好了 1 本")).to_be_visible()
    eventually(lambda: county.open_loans(book) == [], "the loan closed")


def test_a_slip_is_printed_with_the_books_on_it(county: Demo, screen: Page) -> None:
    book = county.items[5]
    receipt = borrow(county, screen, book)

    screen.locator("button[value=print]").click()
    expect(screen.get_by_text("小票已打印")).to_be_visible()

    assert receipt in county.printed()
    assert "共1本" in county.printed()
    bring_back(county, screen, book)


@pytest.mark.fault("O34")
def test_without_paper_the_slip_is_read_from_the_screen(
    county: Demo, screen: Page
) -> None:
    county.post("fault", device="printer", kind="paper_out")
    book = county.items[5]
    receipt = borrow(county, screen, book)

    code = screen.locator(".slip-qr")
    expect(code).to_be_visible()
    picture = Image.open(io.BytesIO(screen.screenshot())).convert("L")
    (found,) = zxingcpp.read_barcodes(picture)

    assert receipt in found.text
    bring_back(county, screen, book)
