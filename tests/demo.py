"""A running `tongjie demo` for tests: its bench, its screen, its hub's books."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

START_S = 90.0


@dataclass(frozen=True)
class Demo:
    """What `tongjie demo --json` printed, and the bench's API."""

    kiosk: str
    hub: str
    bench: str
    data: Path
    hub_database: str
    hub_user: str
    hub_password: str
    cards: list[str]
    items: list[str]

    def state(self) -> dict[str, Any]:
        return self._checked(requests.get(f"{self.bench}bench", timeout=10))

    def post(self, what: str, **body: object) -> dict[str, Any]:
        return self._checked(
            requests.post(f"{self.bench}bench/{what}", json=body, timeout=10)
        )

    def place(self, *items: str) -> None:
        self.post("pad", place=items)

    def lift(self, *items: str) -> None:
        self.post("pad", lift=items)

    def card(self, number: str | None) -> None:
        self.post("card", place=number)

    def printed(self) -> str:
        """What stands on the printer's paper so far."""
        return str(
            requests.get(f"{self.bench}bench/printer", timeout=10).json()["text"]
        )

    def network(self, mode: str) -> None:
        self.post("network", mode=mode)

    def clear(self) -> None:
        """Leave the bench as it was found: nothing on it, nothing broken."""
        self.lift(*[tag["uid"] for tag in self.state()["pad"]])
        self.card(None)
        self.network("up")
        for device in ("pad", "card", "scanner", "printer"):
            self.post("fault", device=device, kind="none")

    def afi(self, *items: str) -> list[str]:
        """AFI of ordinary books, in the order asked."""
        books = {book["item"]: book["afi"] for book in self.state()["books"]}
        return [books[item] for item in items]

    def loans(self, *items: str) -> list[dict[str, Any]]:
        """Loans of these items at the hub, as it exports them, oldest first."""
        lines = self.tongjie(
            "hub", "export", "loans", "--database", self.hub_database, "--json"
        )
        loans = [json.loads(line) for line in lines.splitlines()]
        return [loan for loan in loans if not items or loan["item"] in items]

    def open_loans(self, *items: str) -> list[str]:
        return sorted(
            loan["item"] for loan in self.loans(*items) if not loan["returned_at"]
        )

    def events(self) -> list[dict[str, Any]]:
        lines = self.tongjie(
            "hub", "export", "events", "--database", self.hub_database, "--json"
        )
        return [json.loads(line) for line in lines.splitlines()]

    def pid(self, process: str) -> int:
        return int((self.data / f"{process}.pid").read_text("ascii"))

    def tongjie(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kiosk", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def _checked(self, answer: requests.Response) -> dict[str, Any]:
        assert answer.ok, answer.text
        content: dict[str, Any] = answer.json()
        return content


@contextmanager
def running_demo(data: Path) -> Iterator[Demo]:
    """Start a demo on free ports, and end it as a newcomer would."""
    ports = ["--port", "0", "--hub-port", "0", "--bench-port", "0"]
    words = [sys.executable, "-m", "kiosk", "demo", "--json", "--data", str(data)]
    with subprocess.Popen(
        [*words, *ports], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the demo did not start; see {data}"
        ready = json.loads(line)
        try:
            yield Demo(**{**ready, "data": Path(ready["data"])})
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(START_S) == 0


class Touchscreen:
    """The kiosk's pages over plain HTTP, without a browser: what a form would send."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def page(self) -> str:
        return self._session.get(self._url, timeout=5).text

    def screen(self) -> str:
        return _attribute(self.page(), "data-screen")

    def touch(self, action: str) -> bool:
        """Press a button of the page as it is now; False when it had changed already."""
        page = self.page()
        form = {
            "action": action,
            "step": _attribute(page, "data-step"),
            "csrf": _attribute(page, 'name="csrf" value'),
        }
        answer = self._session.post(
            f"{self._url}touch", data=form, timeout=5, allow_redirects=False
        )
        return answer.status_code == requests.codes.see_other


def _attribute(page: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', page)
    assert found, f"no {name} in {page[:200]}"
    return found.group(1)
