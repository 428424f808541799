"""One writer at a time in this process, and who is next: by lane, then by ticket.

Threads that wait for each other here do not poll the database for its one write
lock, which would favour whoever happens to look at the right moment.
"""

from __future__ import annotations

import enum
import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count


class Lane(enum.IntEnum):
    """SHORT: somebody waits for it, a reader at a kiosk say. BACKLOG: nobody does."""

    SHORT = 0
    BACKLOG = 1


class TurnMissed(TimeoutError):
    """Transient: others were in front for too long; nothing was done."""


@dataclass(order=True)
class Ticket:
    """A place in the line; good for several turns, of one thread."""

    lane: Lane
    number: int
    called: threading.Event = field(default_factory=threading.Event, compare=False)


class Turnstile:
    """Lets one thread through at a time. Not to be entered again from inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Ticket] = []
        self._taken = False
        self._numbers = count()

    def ticket(self, lane: Lane) -> Ticket:
        return Ticket(lane, next(self._numbers))

    @contextmanager
    def passing(self, ticket: Ticket, patience_s: float) -> Iterator[None]:
        """Wait for this ticket's turn and hold it. Raises TurnMissed."""
        self._queue(ticket)
        if not ticket.called.wait(patience_s):
            self._give_up(ticket, patience_s)
        try:
            yield
        finally:
            self._release()

    def _queue(self, ticket: Ticket) -> None:
        with self._lock:
            ticket.called.clear()
            heapq.heappush(self._waiting, ticket)
            self._call_next()

    def _give_up(self, ticket: Ticket, patience_s: float) -> None:
        with self._lock:
            if ticket.called.is_set():  # just now, after all
                return
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)
        raise TurnMissed(f"no turn to write within {patience_s:g} s")

    def _release(self) -> None:
        with self._lock:
            self._taken = False
            self._call_next()

    def _call_next(self) -> None:
        if self._waiting and not self._taken:
            self._taken = True
            heapq.heappop(self._waiting).called.set()
