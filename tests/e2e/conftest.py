from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.demo import Demo, running_demo
from tests.waiting import eventually


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("county")) as demo:
        yield demo


@pytest.fixture(scope="session")
def readers(county: Demo) -> Iterator[str]:
    """Cards in good order that no test has used; those before them have their tests."""
    return iter(county.cards[14:])


@pytest.fixture
def reader(readers: Iterator[str]) -> str:
    """The card of somebody who has borrowed nothing yet."""
    return next(readers)


@pytest.fixture
def screen(browser: Browser, county: Demo) -> Iterator[Page]:
    """The touchscreen at home, with nothing on the bench and nothing broken."""
    county.clear()
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(county.kiosk)
    go_home(page)
    expect(page.locator(".banners")).to_have_count(0, timeout=20_000)
    yield page
    county.clear()
    go_home(page)
    page.close()
    assert not complaints


def go_home(page: Page) -> None:
    """Press whatever leads home until the home screen is up."""

    def there() -> bool:
        if page.locator("main[data-screen=home]").count():
            return True
        leave = page.locator("button[value=home]")
        if leave.count():
            leave.first.click()
        return False

    eventually(there, "the home screen")
