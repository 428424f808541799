"""The devices of a test: plugged, typed on and unplugged through the broker.

A pytest plugin, too: it gives the fixture `bed` to the process that runs the tests of
one module, and writes down how each of them went.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drivers.codecs.keys import Key

#: The environment says where: lines of a test's id and its failure, empty for none.
RESULTS = "BED_RESULTS"
EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
SYN_DROPPED, MSC_SCAN = 3, 4
#: Esc to the keypad's dot, and the keypad's Enter: what a scanner says it can press.
WEDGE_KEYS = (*range(1, 59), *range(69, 84), 96)
#: And what only people press: F1 to F12, the arrows.
KEYBOARD_KEYS = (*range(1, 89), 96, *range(102, 112))


@dataclass(frozen=True)
class Usb:
    """A USB device with one node. `place`: port and interface."""

    vendor: str = "1EAB"
    product: str = "8203"
    serial: str = ""
    place: str = "1-1.3:1.0"
    name: str = "Newland HR32 BarCode"
    subsystem: str = "input"
    keys: Sequence[int] = field(default=WEDGE_KEYS)

    @property
    def address(self) -> str:
        return f"usb:{self.vendor}:{self.product}"


@dataclass(frozen=True)
class Plugged:
    """One that is plugged in; `path` is its node."""

    number: int
    path: str


class Bed:
    """Orders to the broker; each returns when it has been carried out."""

    def __init__(self, connection: socket.socket) -> None:
        self._lines = connection.makefile("rw")

    def plug(self, device: Usb) -> Plugged:
        """It appears under a number that no device had before."""
        return Plugged(**self._order("plug", **asdict(device)))

    def unplug(self, device: Plugged) -> None:
        self._order("unplug", number=device.number)

    def clear(self) -> None:
        """Unplug all that is plugged in."""
        self._order("clear")

    def press(self, device: Plugged, keys: Sequence[Key]) -> None:
        """Press keys as fast as the machine can, each with its scan code before it."""
        events = [
            event
            for code, value in keys
            for event in ((EV_MSC, MSC_SCAN, code), (EV_KEY, code, value))
        ]
        self.send(device, events)

    def send(self, device: Plugged, events: Sequence[tuple[int, int, int]]) -> None:
        """Send events as type, code and value."""
        self._order("press", number=device.number, events=events)

    def _order(self, do: str, **what: Any) -> dict[str, Any]:
        self._lines.write(json.dumps({"do": do, **what}) + "\n")
        self._lines.flush()
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer


@pytest.fixture
def bed() -> Iterator[Bed]:
    with socket.socket(fileno=os.dup(int(os.environ["BED_SOCKET"]))) as connection:
        made = Bed(connection)
        yield made
        made.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What failed, or was skipped unseen, and that a test came to its end."""
    if not report.passed or report.when == "teardown":
        failure = "" if report.passed else f"{report.longrepr}{report.capstdout}"
        with Path(os.environ[RESULTS]).open("a", encoding="utf-8") as results:
            results.write(json.dumps([report.nodeid, failure]) + "\n")
