"""The screens in a real Chromium: readable, pressable, live, and deaf to tricks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from kiosk.view import Action, BookLine, LineState, Message, View
from tests.ui_client import SCRIPT
from tests.ui_desk import ScriptedDesk, Touch, first_view
from tests.ui_views import STATES, shelf
from ui.app import create_app
from ui.server import Server, serve

pytestmark = pytest.mark.browser

EXAMINE = Path(__file__).with_name("examine.js").read_text("utf-8")

LARGE: ViewportSize = {"width": 1280, "height": 800}
SMALL: ViewportSize = {"width": 800, "height": 480}
#: Least sizes in CSS pixels. 16 mm: 94 px at 149 ppi, 84 px at 133 ppi.
LIMITS = {
    1280: {"body": 24, "decision": 36, "code": 18, "target": 94},
    800: {"body": 18, "decision": 28, "code": 16, "target": 84},
}


@dataclass
class Kiosk:
    """A page at the screen of a desk, and everything the browser complained of."""

    desk: ScriptedDesk
    server: Server
    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, view: View | None = None) -> Page:
        self.desk.show(view or first_view())
        self.desk.touches.clear()
        self.complaints.clear()
        self.page.goto(self.server.url)
        return self.page

    def watch(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))


def _kiosk(browser: Browser, size: ViewportSize, *, script: bool) -> Iterator[Kiosk]:
    desk = ScriptedDesk(script=SCRIPT)
    server = serve(create_app(desk), 0)
    context = browser.new_context(
        viewport=size, java_script_enabled=script, reduced_motion="reduce"
    )
    kiosk = Kiosk(desk, server, context.new_page())
    kiosk.watch()
    yield kiosk
    context.close()
    server.stop()


@pytest.fixture(scope="module", params=[LARGE, SMALL], ids=["large", "small"])
def panel(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    yield from _kiosk(browser, request.param, script=True)


@pytest.fixture
def kiosk(browser: Browser) -> Iterator[Kiosk]:
    yield from _kiosk(browser, LARGE, script=True)


@pytest.fixture
def plain_kiosk(browser: Browser) -> Iterator[Kiosk]:
    yield from _kiosk(browser, LARGE, script=False)


def borrowing(number: int = 3) -> View:
    return replace(STATES["borrow"], books=shelf(number), count=number)


# Looks --------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["zh_Hans", "en"])
@pytest.mark.parametrize("name", STATES)
def test_screen_can_be_read_and_pressed(panel: Kiosk, name: str, locale: str) -> None:
    page = panel.open(replace(STATES[name], locale=locale))

    assert page.evaluate(EXAMINE, LIMITS[page.evaluate("innerWidth")]) == []
    assert panel.complaints == []
    assert page.locator("html").get_attribute("lang") == locale.replace("_", "-")


def test_chinese_font_is_used_on_text_and_buttons(kiosk: Kiosk) -> None:
    page = kiosk.open()

    for element in ("body", "#touch-borrow", ".button"):
        family = page.locator(element).first.evaluate(
            "element => getComputedStyle(element).fontFamily"
        )
        assert family.startswith('"Noto Sans CJK SC"')


def test_home_is_light_and_loads_nothing_from_elsewhere(kiosk: Kiosk) -> None:
    kiosk.open()

    assert len(kiosk.requests) <= 8
    assert all(url.startswith(kiosk.server.url) for url in kiosk.requests)


def test_nothing_moves_when_motion_is_unwanted(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["identify"])

    assert page.evaluate("document.getAnimations().length") == 0


def test_focus_is_plain_to_see(kiosk: Kiosk) -> None:
    page = kiosk.open()

    page.keyboard.press("Tab")

    outline = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "solid 6px" in outline


# Touches ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tile", "action", "screen"),
    [
        ("#touch-borrow", Action.BORROW, "identify"),
        ("#touch-return", Action.RETURN, "return"),
    ],
)
def test_tap_on_a_tile_is_one_touch(
    kiosk: Kiosk, tile: str, action: Action, screen: str
) -> None:
    page = kiosk.open()

    page.locator(tile).click()

    expect(page.locator("main")).to_have_attribute("data-screen", screen)
    assert kiosk.desk.touches == [Touch(action)]


def test_second_tap_on_borrow_does_nothing(kiosk: Kiosk) -> None:
    page = kiosk.open()

    page.locator("#touch-borrow").dblclick(delay=0)

    expect(page.locator("main")).to_have_attribute("data-screen", "identify")
    assert kiosk.desk.touches == [Touch(Action.BORROW)]
    assert kiosk.complaints == []


def test_buttons_work_by_keyboard(kiosk: Kiosk) -> None:
    page = kiosk.open()

    page.locator("#touch-return").press("Enter")

    expect(page.locator("main")).to_have_attribute("data-screen", "return")


def test_buttons_work_without_script(plain_kiosk: Kiosk) -> None:
    page = plain_kiosk.open()

    page.locator("#touch-borrow").click()

    assert page.url == plain_kiosk.server.url
    assert page.locator("main").get_attribute("data-screen") == "identify"
    assert plain_kiosk.desk.touches == [Touch(Action.BORROW)]


def test_language_changes_the_page_at_once(kiosk: Kiosk) -> None:
    page = kiosk.open()

    page.get_by_role("button", name="English").click()

    expect(page.get_by_role("button", name="Borrow")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert "Self-service" in page.title()


def test_stay_button_answers_the_idle_warning(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["borrow-idle"])

    page.get_by_role("button", name="还在").click()

    expect(page.locator("main")).not_to_have_attribute("data-screen", "borrow")
    assert kiosk.desk.touches == [Touch(Action.STAY)]


def test_nothing_below_the_idle_warning_can_be_pressed(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["borrow-idle"])

    page.mouse.click(1000, 730)  # where "yes, borrow these" is

    expect(page.locator(".idle")).to_be_visible()
    assert kiosk.desk.asked == 0


def test_press_begun_before_the_buttons_changed_presses_nothing(kiosk: Kiosk) -> None:
    page = kiosk.open(borrowing(3))
    page.locator("#touch-confirm").hover()
    page.mouse.down()

    kiosk.desk.show(borrowing(4))
    expect(page.locator(".count strong")).to_have_text("4")
    page.mouse.up()

    page.wait_for_function("document.querySelectorAll('.book').length === 4")
    assert kiosk.desk.asked == 0


# Live updates ---------------------------------------------------------------------


def test_change_at_the_desk_appears_by_itself(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["borrow-empty"])

    kiosk.desk.show(borrowing(3))

    expect(page.locator("h1")).to_have_text("识别到 3 本，和您手里的一样多吗？")
    expect(page.locator(".book")).to_have_count(3)
    assert kiosk.complaints == []


def test_count_down_keeps_the_buttons_and_the_focus(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["borrow-idle"])
    page.locator("#touch-stay").focus()
    page.evaluate("window.before = document.activeElement")

    kiosk.desk.publish(idle_s=16)

    expect(page.locator(".idle-left")).to_have_text("16")
    assert page.evaluate("window.before === document.activeElement")


def test_change_is_told_to_those_who_do_not_see_it(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["identify"])

    kiosk.desk.publish(notice=Message("E-CARD-LOST"))

    expect(page.locator("#said")).to_contain_text("这张证挂失了，不能借书")


def test_newest_book_of_a_long_list_is_in_sight(kiosk: Kiosk) -> None:
    kiosk.page.set_viewport_size(SMALL)
    few = replace(STATES["return"], books=shelf(2, LineState.OK))
    page = kiosk.open(few)

    kiosk.desk.publish(books=shelf(8, LineState.OK) * 2)

    expect(page.locator(".book")).to_have_count(16)
    expect(page.locator(".book").last).to_be_in_viewport()


@pytest.mark.slow
def test_screen_asks_for_a_moment_while_the_server_is_away(kiosk: Kiosk) -> None:
    page = kiosk.open(STATES["borrow"])
    expect(page.locator(".wait")).to_be_hidden()

    kiosk.server.stop()
    expect(page.locator(".wait")).to_be_visible(timeout=10_000)
    kiosk.server = serve(create_app(ScriptedDesk()), kiosk.server.port)

    expect(page.locator("main")).to_have_attribute(
        "data-screen", "home", timeout=15_000
    )
    expect(page.locator(".wait")).to_be_hidden()
    kiosk.server.stop()


# Tricks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "<img src=x onerror='window.tricked = 1'>",
        "</main><script>window.tricked = 1</script>",
        "<iframe srcdoc='<script>parent.tricked = 1</script>'></iframe>",
        "\u202e书的着活\u2066",
        "长" * 10_000,
        "W" * 10_000,
    ],
    ids=["image", "script", "frame", "direction", "long", "wide"],
)
def test_title_is_inert_and_leaves_the_layout_alone(panel: Kiosk, title: str) -> None:
    line = BookLine("1", title, title, LineState.PUT_BACK, Message("return.ok"))
    trick = replace(
        STATES["return-put-back"], books=(line,) * 3, put_back=(title,), banners=()
    )
    page = panel.open()

    panel.desk.show(trick)

    expect(page.locator(".book")).to_have_count(3)
    assert page.evaluate("window.tricked") is None
    assert page.locator("main img, main iframe, main script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finish = page.locator("#touch-home").bounding_box()
    assert finish is not None
    assert finish["y"] + finish["height"] <= page.evaluate("innerHeight")
    assert panel.complaints == []
