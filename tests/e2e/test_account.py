"""A reader looks at the own loans, tries to renew, and leaves nothing behind."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.e2e.test_borrow_return import confirm
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def borrowed(county: Demo, screen: Page, card: str, book: str) -> None:
    """The reader has borrowed it, has gone home, and the hub knows."""
    county.card(card)
    county.place(book)
    confirm(screen, 1)
    eventually(lambda: county.open_loans(book) == [book], "the loan at the hub")
    county.lift(book)
    county.card(None)
    screen.locator("button[value=home]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "home")


def given_back(county: Demo, screen: Page, book: str) -> None:
    screen.locator("button[value=return]").click()
    county.place(book)
    expect(screen.get_by_role("heading", name="还好了 1 本")).to_be_visible()
    county.lift(book)


def test_reader_sees_the_loan_and_why_it_is_too_early_to_renew(
    county: Demo, screen: Page, reader: str
) -> None:
    book = county.items[19]
    borrowed(county, screen, reader, book)

    screen.locator("button[value=account]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "identify")
    county.card(reader)

    expect(screen.get_by_role("heading", name="借了 1 本")).to_be_visible()
    expect(screen.locator(".loans")).to_contain_text("现在续借日期不会变长")
    expect(screen.locator("button[value=renew]")).to_have_count(0)
    county.card(None)
    screen.locator("button[value=home]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "home")
    assert "还能借" not in screen.content()
    screen.go_back()
    expect(screen.locator(".loans")).to_have_count(0)
    screen.goto(county.kiosk)

    given_back(county, screen, book)


def test_own_account_is_shown_without_a_network(
    county: Demo, screen: Page, reader: str
) -> None:
    book = county.items[20]
    borrowed(county, screen, reader, book)
    county.network("cut")

    county.card(reader)
    expect(screen.locator("main")).to_have_attribute("data-screen", "borrow")
    screen.locator("button[value=account]").click()

    expect(screen.get_by_role("heading", name="借了 1 本")).to_be_visible()
    county.network("up")
    county.card(None)
    screen.locator("button[value=home]").click()
    given_back(county, screen, book)


def test_help_is_one_touch_away_and_leads_back(screen: Page) -> None:
    screen.locator("button[value=borrow]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "identify")
    screen.locator("button[value=help]").click()
    expect(screen.get_by_role("heading", name="怎么用")).to_be_visible()

    screen.locator("button[value=back]").click()

    expect(screen.locator("main")).to_have_attribute("data-screen", "identify")
