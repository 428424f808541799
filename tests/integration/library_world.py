"""A library system of our own on a socket, which records what was done there.

It behaves as common ones do: a second loan to the same patron is a renewal, and
nothing tells a repeat from something new. `faults` decides how each request ends,
and `poison` is an item that no request survives.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sync.hub.library.port import (
    Act,
    Away,
    Done,
    ItemThere,
    Lending,
    LibrarySystem,
    Outcome,
    PatronThere,
    PinCheck,
    Refused,
    Renewal,
    TakingBack,
    Unknown,
)
from sync.hub.library.worker import Turn, Worker
from sync.hub.store.database import Database
from sync.protocol import Kind
from tests.integration.hub_world import DAY, County
from tests.sip2_library import AT

#: What a renewal adds there.
PERIOD = dt.timedelta(days=30)
#: An hour in which nobody waits for anything any more.
LATER = dt.timedelta(hours=1)
_PATIENCE_S = 10.0


class Fault(enum.Enum):
    """How a request ends. UNHEARD: it never came; UNANSWERED: it was done."""

    NONE = enum.auto()
    UNHEARD = enum.auto()
    UNANSWERED = enum.auto()


class OwnLibrary:
    """Loans by item, and every effect in the order in which it happened."""

    def __init__(self) -> None:
        self.loans: dict[str, tuple[str, dt.date]] = {}
        self.effects: list[tuple[str, str, str]] = []
        self.blocked: set[str] = set()
        self.lists_loans = True
        self.poison = ""
        self.faults: Callable[[str], Fault] = lambda _what: Fault.NONE
        self.requests: list[str] = []
        self.lock = threading.Lock()
        self.address = ("127.0.0.1", 0)

    def of(self, item: str) -> list[tuple[str, str]]:
        """What was done with an item, and for whom."""
        return [(what, who) for what, barcode, who in self.effects if barcode == item]

    def handle(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        with self.lock:
            self.requests.append(asked["what"])
            fault = self.faults(asked["what"])
            if fault is Fault.UNHEARD or asked.get("item") == self.poison:
                return None
            answer: dict[str, Any] = getattr(self, f"_{asked.pop('what')}")(**asked)
            return None if fault is Fault.UNANSWERED else answer

    def _item(self, item: str) -> dict[str, Any]:
        loan = self.loans.get(item)
        return {"on_loan": loan is not None, "due_on": loan and loan[1].isoformat()}

    def _patron(self, patron: str) -> dict[str, Any]:
        items = [item for item, loan in self.loans.items() if loan[0] == patron]
        return {"items": items if self.lists_loans else [], "all": self.lists_loans}

    def _lend(self, patron: str, item: str, due_on: str) -> dict[str, Any]:
        holder = self.loans.get(item, (patron,))[0]
        if patron in self.blocked:
            return {"refused": "card blocked"}
        if holder != patron:
            return {"refused": "on loan to somebody else"}
        if item in self.loans:
            return self._renew(patron, item)
        self.loans[item] = (patron, dt.date.fromisoformat(due_on))
        self.effects.append(("lend", item, patron))
        return {"due_on": self.loans[item][1].isoformat()}

    def _take_back(self, item: str) -> dict[str, Any]:
        if item not in self.loans:
            return {"refused": "not on loan"}
        patron, _ = self.loans.pop(item)
        self.effects.append(("take_back", item, patron))
        return {}

    def _renew(self, patron: str, item: str) -> dict[str, Any]:
        if self.loans.get(item, ("",))[0] != patron:
            return {"refused": "not on loan to this patron"}
        self.loans[item] = (patron, self.loans[item][1] + PERIOD)
        self.effects.append(("renew", item, patron))
        return {"due_on": self.loans[item][1].isoformat()}


class SocketLibrary:
    """The adapter: a line of JSON each way, a new connection for each request."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def lend(self, act: Lending) -> Outcome:
        return self._act("lend", act)

    def take_back(self, act: TakingBack) -> Outcome:
        return self._act("take_back", act)

    def renew(self, act: Renewal) -> Outcome:
        return self._act("renew", act)

    def item(self, barcode: str) -> ItemThere | Away:
        told = self._ask({"what": "item", "item": barcode})
        if isinstance(told, dict):
            return ItemThere(told["on_loan"], _date(told["due_on"]))
        return Away(told.why)

    def patron(self, number: str) -> PatronThere | Away:
        told = self._ask({"what": "patron", "patron": number})
        if isinstance(told, dict):
            return PatronThere(frozenset(told["items"]), complete=told["all"])
        return Away(told.why)

    def check_pin(self, number: str, pin: str) -> PinCheck:  # noqa: ARG002  (none here)
        return PinCheck.NOT_TOLD

    def close(self) -> None:
        """Nothing is kept open."""

    def _act(self, what: str, act: Act) -> Outcome:
        named = {"what": what, "item": act.item}
        if not isinstance(act, TakingBack):
            named["patron"] = act.patron
        if isinstance(act, Lending):
            named["due_on"] = act.due_on.isoformat()
        told = self._ask(named)
        if not isinstance(told, dict):
            return told
        if "refused" in told:
            return Refused(told["refused"])
        return Done(_date(told.get("due_on")))

    def _ask(self, asked: dict[str, str]) -> dict[str, Any] | Away | Unknown:
        try:
            link = socket.create_connection(self._address, timeout=_PATIENCE_S)
        except OSError as err:
            return Away(str(err))
        with link, link.makefile("rwb") as lines:
            lines.write(json.dumps(asked).encode() + b"\n")
            lines.flush()
            line = lines.readline()
        return json.loads(line) if line else Unknown("no answer")


@contextmanager
def own_library() -> Iterator[OwnLibrary]:
    library = OwnLibrary()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = library.handle(json.loads(self.rfile.readline()))
            if answer is not None:
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    with socketserver.TCPServer(library.address, Handler) as server:
        library.address = server.server_address
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield library
        server.shutdown()
        thread.join()


def serve_queue(
    database: Database, system: LibrarySystem, start: dt.datetime, turns: int = 3000
) -> None:
    """Work until nothing waits any more; time passes whenever nobody is there."""
    moment = [start]
    worker = Worker(database, system, lambda: moment[0])
    worker.recover()
    idle = 0
    for _ in range(turns):
        turn = worker.turn()
        idle = idle + 1 if turn is Turn.IDLE else 0
        if idle > 1:
            return
        if turn is not Turn.TOLD:
            moment[0] += LATER
    raise AssertionError(f"still at work after {turns} turns")


#: What `send_a_life` comes to in the library of `tests.sip2_library`.
LIFE = ("lent", "renewed", "returned", "lent", "returned")


def send_a_life(county: County, book: str, begins: dt.datetime = AT) -> None:
    """Lent, renewed, lent to another reader without a return, returned."""
    first, second = county.refs["R1"], county.refs["R2"]
    county.send(
        county.k1.lends(book, first, begins),
        county.k1.event(Kind.RENEW, begins + 9 * DAY, item=book, patron_ref=first),
        county.k1.lends(book, second, begins + 20 * DAY),
        county.k1.takes_back(book, begins + 30 * DAY),
        now=begins + 40 * DAY,
    )


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
