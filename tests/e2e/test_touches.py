"""Touches that follow each other quickly: which count, and which don't."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser


def test_touch_of_the_next_screen_counts_before_the_answer_to_the_last_one(
    screen: Page,
) -> None:
    held: list[Route] = []

    def keep_the_answer(route: Route) -> None:
        route.fetch()
        held.append(route)

    screen.route("**/touch", keep_the_answer, times=1)
    screen.locator("button[value=borrow]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "identify")
    assert len(held) == 1

    screen.locator("button[value=help]").click()

    expect(screen.locator("main")).to_have_attribute("data-screen", "help")
    held[0].abort()


def test_second_touch_of_the_same_screen_does_not_count(screen: Page) -> None:
    touches: list[Route] = []

    def keep_back(route: Route) -> None:
        touches.append(route)

    screen.route("**/touch", keep_back)
    screen.locator("button[value=borrow]").click()
    screen.locator("button[value=return]").click()
    expect(screen.locator("main")).to_have_attribute("data-screen", "home")

    touches[0].continue_()

    expect(screen.locator("main")).to_have_attribute("data-screen", "identify")
    assert len(touches) == 1
    screen.unroute("**/touch")
