"""The network goes, slows down, or loses answers; what happened still arrives once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def borrow(county: Demo, screen: Page, card: str, *books: str) -> None:
    county.card(card)
    county.place(*books)
    expect(screen.locator(".book")).to_have_count(len(books))
    screen.locator("button[value=confirm]:not([disabled])").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "done")
    eventually(lambda: set(county.afi(*books)) == {"C2"}, "tags disarmed")
    county.lift(*books)
    county.card(None)
    screen.locator("button[value=home]").click()


def give_back(county: Demo, screen: Page, *books: str) -> None:
    screen.locator("button[value=return]").click()
    county.place(*books)
    expect(
        screen.get_by_role("heading", name=f"还好了 {len(books)} 本")
    ).to_be_visible()
    county.lift(*books)
    screen.locator("button[value=home]").click()


def checkouts(county: Demo, *books: str) -> list[str]:
    """Items of all checkouts the hub has ever stored, each event once."""
    events = [line["event"] for line in county.events()]
    assert len({event["event_id"] for event in events}) == len(events)
    return sorted(
        event["item"]
        for event in events
        if event["kind"] == "CHECKOUT" and event["item"] in books
    )


def test_lending_goes_on_without_a_network_and_arrives_afterwards(
    county: Demo, screen: Page
) -> None:
    kept, returned = county.items[8:10]
    county.network("cut")
    expect(screen.locator(".banners")).to_contain_text("网络不通", timeout=30_000)

    borrow(county, screen, county.cards[8], kept, returned)
    give_back(county, screen, returned)
    assert county.loans(kept, returned) == []

    county.network("up")

    eventually(lambda: county.open_loans(kept, returned) == [kept], "one open loan")
    assert len(county.loans(returned)) == 1
    assert checkouts(county, kept, returned) == sorted([kept, returned])
    expect(screen.locator(".banners")).to_have_count(0, timeout=30_000)


def test_an_answer_lost_after_the_hubs_commit_still_counts_once(
    county: Demo, screen: Page
) -> None:
    book = county.items[10]
    county.network("lose_answers")

    borrow(county, screen, county.cards[9], book)
    eventually(lambda: county.loans(book), "the hub has it, though no answer came")
    county.network("up")
    give_back(county, screen, book)

    eventually(lambda: county.open_loans(book) == [], "the return arrived")
    assert checkouts(county, book) == [book]
    assert len(county.loans(book)) == 1


def test_a_slow_hub_makes_nobody_wait_longer_than_the_budget(
    county: Demo, screen: Page
) -> None:
    book = county.items[11]
    county.network("slow")

    borrow(county, screen, county.cards[10], book)

    county.network("up")
    eventually(lambda: county.open_loans(book) == [book], "the loan at the hub")
    assert checkouts(county, book) == [book]
