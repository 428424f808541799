"""The kiosk process is killed at random moments; what it confirmed is at the hub, once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import requests

from sync.protocol import Event, Kind
from tests.demo import Demo, Touchscreen, running_demo
from tests.ledgers import every_event, happened, unclosed_asks
from tests.waiting import eventually

KILLS = 20
#: Kills that are sure to fall between an ask and its close.
AIMED_KILLS = 2
#: A visit takes about this long; the kill falls anywhere in it.
LONGEST_WAIT_S = 5.0
PATIENCE_S = 8.0


@pytest.fixture(scope="module")
def own_county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A county of its own: nobody else's kiosk is to be killed."""
    with running_demo(tmp_path_factory.mktemp("killed")) as demo:
        yield demo


class Interrupted(Exception):
    """The kiosk was killed under the visitor's hands, and what was pressed is gone."""


class Visitor:
    """Returns and borrows one book, and counts what the screen confirmed."""

    def __init__(self, county: Demo, card: str, book: str) -> None:
        self._county, self._card, self._book = county, card, book
        self._screen = Touchscreen(county.kiosk)
        self.confirmed: Counter[Kind] = Counter()

    def visit(self, asked: Callable[[], None] = lambda: None) -> None:
        """Calls `asked` when a loan is under way. May end early: nobody answers."""
        with suppress(Interrupted, requests.RequestException):
            self._give_back()
            self._borrow(asked)

    def _give_back(self) -> None:
        self._start()
        self._press("return", "return")
        self._county.place(self._book)
        self._await(lambda: "还好了 1 本" in self._screen.page())
        self.confirmed[Kind.CHECKIN] += 1

    def _borrow(self, asked: Callable[[], None]) -> None:
        self._start()
        self._county.card(self._card)
        self._county.place(self._book)
        self._press("confirm", "working", "done")
        asked()
        self._await(lambda: "借好了 1 本" in self._screen.page())
        self.confirmed[Kind.CHECKOUT] += 1

    def _start(self) -> None:
        self._county.card(None)
        self._county.lift(self._book)
        self._press("home", "home")

    def _press(self, action: str, *there: str) -> None:
        """Press until one of the screens is up."""

        def pressed() -> bool:
            if self._screen.screen() in there:
                return True
            self._screen.touch(action)
            return False

        self._await(pressed)

    def _await(self, look: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not look():
            if time.monotonic() > deadline:
                raise Interrupted
            time.sleep(0.02)


def kill(county: Demo) -> None:
    """End the kiosk process at once, as a power cut would."""
    os.kill(county.pid("run"), signal.SIGKILL)


def await_restart(county: Demo, killed: int) -> None:
    def back() -> bool:
        try:
            alive = county.pid("run") != killed
            return alive and requests.get(f"{county.kiosk}healthz", timeout=1).ok
        except (requests.RequestException, ValueError):
            return False

    eventually(back, "the kiosk is back")


def at_hub(county: Demo) -> list[dict[str, Any]]:
    return [line["event"] for line in county.events()]


@pytest.mark.slow
@pytest.mark.fault("O01")
@pytest.mark.timeout(400)
def test_no_kill_loses_or_doubles_what_the_screen_confirmed(own_county: Demo) -> None:
    county, dice = own_county, random.Random(62)
    visitor = Visitor(county, county.cards[0], county.items[0])

    for _ in range(KILLS):
        pid = county.pid("run")
        timer = threading.Timer(dice.uniform(0.05, LONGEST_WAIT_S), kill, [county])
        timer.start()
        while timer.is_alive():
            visitor.visit()
        await_restart(county, pid)
    # With a slow hub an ask stays open long enough to be hit for sure.
    county.network("slow")
    for _ in range(AIMED_KILLS):
        pid = county.pid("run")
        while county.pid("run") == pid:
            visitor.visit(asked=lambda: kill(county))
        await_restart(county, pid)

    county.network("up")
    events = eventually(
        lambda: _if_all_arrived(county), "the hub has the whole ledger", 30
    )
    assert unclosed_asks(events) == []
    loans = [loan["event_id"] for loan in county.loans()]
    assert len(loans) == len(set(loans))
    assert set(loans) == happened(events)
    assert visitor.confirmed[Kind.CHECKOUT] <= len(loans)
    returns = [event for event in events if event.kind is Kind.CHECKIN]
    assert visitor.confirmed[Kind.CHECKIN] <= len(returns)
    # The control: kills did fall between an ask and its close, and were made good.
    reasons = [event.payload.get("reason") for event in events]
    assert "restart" in reasons


def _if_all_arrived(county: Demo) -> Sequence[Event]:
    """The ledger, once the hub holds each of its events exactly once; else nothing."""
    events = every_event(county.data / "kiosk" / "ledger.db")
    stored = Counter(event["event_id"] for event in at_hub(county))
    assert max(stored.values(), default=1) == 1
    return events if stored.keys() == {event.event_id for event in events} else ()
