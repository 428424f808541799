"""From a tag's last byte on the wire to its title in a real browser.

Start: the emulated pad has written the last byte of the reply that first carried
the tag's memory. End: the browser's MutationObserver sees the title. What comes
before (the line, the reader's rounds) and after (a stack that has settled) is not
in it.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.bench.figures import Figure, p95
from tests.browser import chromium
from tests.demo import Demo
from tests.waiting import eventually

AIM_MS = 100.0
#: The driver keeps a tag's memory for five rounds; after this it must read it again.
AWAY_S = 1.2
_ROUND_TRIPS = 50
_WATCH = Path(__file__).with_name("watch.js").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class PageClock:
    """`performance.now()` of a page in terms of `time.monotonic`, both in s.

    `error_s`: half of the quickest round trip, the most that `offset_s` can be off.
    """

    offset_s: float
    error_s: float

    def monotonic(self, page_ms: float) -> float:
        return page_ms / 1000 + self.offset_s


def measure(demo: Demo, placements: int) -> list[Figure]:
    """Lay one book on the borrow screen's pad, again and again."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(demo.kiosk)
        demo.card(demo.cards[0])
        page.locator("main[data-screen=borrow]").wait_for()
        demo.card(None)
        clock = calibrate(page)
        book, title = demo.items[0], _book(demo, demo.items[0])["title"]
        taken = [
            _placement_s(demo, page, clock, book, title) for _ in range(placements)
        ]
    demo.clear()
    note = f"page clock known to ± {clock.error_s * 1000:.2f} ms"
    return [
        _figure("tag told → title, median", statistics.median(taken), placements),
        _figure("tag told → title, p95", p95(taken), placements, AIM_MS, note),
    ]


def calibrate(page: Page) -> PageClock:
    """Ask the page for its clock and keep the quickest answer."""
    return min(
        (_round_trip(page) for _ in range(_ROUND_TRIPS)),
        key=lambda clock: clock.error_s,
    )


def _round_trip(page: Page) -> PageClock:
    asked = time.monotonic()
    page_ms = page.evaluate("performance.now()")
    answered = time.monotonic()
    middle, error = (asked + answered) / 2, (answered - asked) / 2
    return PageClock(middle - page_ms / 1000, error)


def _placement_s(
    demo: Demo, page: Page, clock: PageClock, book: str, title: str
) -> float:
    page.evaluate(_WATCH, title)
    demo.place(book)
    shown = clock.monotonic(page.evaluate("window.shownAt"))
    told = eventually(lambda: _told_at(demo, book), "the pad tells the tag's memory")
    assert told is not None
    demo.lift(book)
    page.locator(".book").wait_for(state="detached")
    time.sleep(AWAY_S)
    return shown - told


def _told_at(demo: Demo, book: str) -> float | None:
    told: float | None = _book(demo, book)["memory_told_at"]
    return told


def _book(demo: Demo, barcode: str) -> dict[str, Any]:
    books: list[dict[str, Any]] = demo.state()["books"]
    return next(book for book in books if book["item"] == barcode)


def _figure(
    name: str, seconds: float, rounds: int, aim: float | None = None, note: str = ""
) -> Figure:
    return Figure(
        name=name, unit="ms", value=seconds * 1000, aim=aim, rounds=rounds, note=note
    )
