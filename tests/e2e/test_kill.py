"""The kiosk process is killed at random moments; what it confirmed is at the hub, once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests

from kiosk.store.ledger_reader import LedgerReader
from sync.protocol import Event, Kind, Mode
from tests.demo import Demo, Touchscreen, running_demo
from tests.waiting import eventually

KILLS = 20
#: A visit takes about this long; the kill falls anywhere in it.
LONGEST_WAIT_S = 3.0
PATIENCE_S = 8.0


@pytest.fixture(scope="module")
def own_county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A county of its own: nobody else's kiosk is to be killed."""
    with running_demo(tmp_path_factory.mktemp("killed")) as demo:
        yield demo


class Interrupted(Exception):
    """The kiosk was killed under the visitor's hands."""


class Visitor:
    """Returns and borrows one book, and counts what the screen confirmed."""

    def __init__(self, county: Demo, card: str, book: str) -> None:
        self._county, self._card, self._book = county, card, book
        self._screen = Touchscreen(county.kiosk)
        self.confirmed: Counter[Kind] = Counter()

    def visit(self) -> None:
        """Raises Interrupted when nobody answers any more."""
        try:
            self._give_back()
            self._borrow()
        except requests.RequestException as err:
            raise Interrupted from err

    def _give_back(self) -> None:
        self._start()
        self._press("return", "return")
        self._county.place(self._book)
        self._await(lambda: "还好了 1 本" in self._screen.page())
        self.confirmed[Kind.CHECKIN] += 1

    def _borrow(self) -> None:
        self._start()
        self._county.card(self._card)
        self._county.place(self._book)
        self._press("confirm", "working", "done")
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


def kill_at(moment_s: float, county: Demo) -> threading.Timer:
    """SIGKILL the kiosk process after a while, as a power cut would."""
    timer = threading.Timer(moment_s, os.kill, (county.pid("run"), signal.SIGKILL))
    timer.start()
    return timer


def await_restart(county: Demo, killed: int) -> None:
    def back() -> bool:
        try:
            alive = county.pid("run") != killed
            return alive and requests.get(f"{county.kiosk}healthz", timeout=1).ok
        except (requests.RequestException, ValueError):
            return False

    eventually(back, "the kiosk is back")


def ledger_of(county: Demo) -> Sequence[Event]:
    reader = LedgerReader(county.data / "kiosk" / "ledger.db")
    return [
        event
        for epoch in reader.epochs()
        for event in reader.events_after(epoch, 0, 100_000)
    ]


def happened(events: Sequence[Event]) -> set[str]:
    """Ids of checkouts that are facts: recorded as such, or asks that were confirmed."""
    confirmed = {event.refers_to for event in events if event.kind is Kind.CONFIRMED}
    return {
        event.event_id
        for event in events
        if event.kind is Kind.CHECKOUT
        and (event.mode is Mode.FACT or event.event_id in confirmed)
    }


def unclosed_asks(events: Sequence[Event]) -> list[str]:
    closes = Counter(event.refers_to for event in events if event.refers_to)
    asks = [event.event_id for event in events if event.mode is Mode.ASK]
    return [ask for ask in asks if closes[ask] != 1]


def at_hub(county: Demo) -> list[dict[str, Any]]:
    return [line["event"] for line in county.events()]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_no_kill_loses_or_doubles_what_the_screen_confirmed(own_county: Demo) -> None:
    county, dice = own_county, random.Random(62)
    visitor = Visitor(county, county.cards[0], county.items[0])
    interrupted = 0

    for kill in range(KILLS):
        # With a slow hub an ask stays open for a while, and some kills fall into it.
        county.network("slow" if kill % 2 else "up")
        pid = county.pid("run")
        timer = kill_at(dice.uniform(0.05, LONGEST_WAIT_S), county)
        try:
            while True:
                visitor.visit()
        except Interrupted:
            interrupted += 1
        timer.join()
        await_restart(county, pid)

    county.network("up")
    events = eventually(
        lambda: _if_all_arrived(county), "the hub has the whole ledger", 30
    )
    assert interrupted == KILLS
    assert unclosed_asks(events) == []
    loans = [loan["event_id"] for loan in county.loans()]
    assert len(loans) == len(set(loans))
    assert set(loans) == happened(events)
    assert visitor.confirmed[Kind.CHECKOUT] <= len(loans)
    returns = [event for event in events if event.kind is Kind.CHECKIN]
    assert visitor.confirmed[Kind.CHECKIN] <= len(returns)
    # The control: some kills did fall between an ask and its close.
    reasons = [event.payload.get("reason") for event in events]
    assert "restart" in reasons


def _if_all_arrived(county: Demo) -> Sequence[Event]:
    """The ledger, once the hub holds each of its events exactly once; else nothing."""
    events = ledger_of(county)
    stored = Counter(event["event_id"] for event in at_hub(county))
    assert max(stored.values(), default=1) == 1
    return events if stored.keys() == {event.event_id for event in events} else ()
