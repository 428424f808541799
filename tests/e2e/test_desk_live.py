"""The desk in a real browser: what a kiosk sends appears by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from waitress.server import create_server

from sync.hub import desk
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import add_user
from tests.integration.desk_world import CLERK
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "seven-green-books"


@pytest.fixture
def address(county: County) -> Iterator[str]:
    """A desk on a free port of this machine."""
    with county.hub.database.writing() as conn:
        add_user(conn, CLERK, "liu", PASSWORD, Standing(Role.STAFF), NOON)
    app = Flask("hub")
    desk.install(app, county.hub.database, key=county.hub.key)
    server = create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, name="desk under test")
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(server.close)
    server.task_dispatcher.shutdown()
    thread.join(timeout=10)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A browser window with somebody logged in."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    page.fill("[name=name]", "liu")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/desk/")
    yield page
    page.close()


def test_event_appears_on_the_open_page_without_a_reload(
    page: Page, address: str, county: County
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/desk/events")
    page.evaluate("window.sameDocument = true")

    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    row = page.wait_for_selector("#event-k1-e1-1", timeout=5000)
    assert row
    assert "围城" in row.inner_text()
    assert page.evaluate("window.sameDocument")
    assert complaints == []


def test_overview_follows_what_happens(
    page: Page, address: str, county: County
) -> None:
    page.goto(f"{address}/desk/")
    figure = page.locator(".figures li").nth(2).locator("strong")
    assert figure.inner_text() == "0"

    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    expect(figure).to_have_text("1", timeout=8000)


def test_no_page_needs_sideways_scrolling(
    page: Page, address: str, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    county.send(county.k2.lends("YL0001", county.refs["R2"]))

    for path in ("", "loans", "events", "cases"):
        page.goto(f"{address}/desk/{path}")

        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, path
