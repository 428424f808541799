"""The two lanes at the hub's door, shared by the threads of one process.

A batch with an open ask comes in at once: a reader stands and waits for it. Any
other one comes in while there is room, or is told when to come (`slots.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sync.hub.door.slots import Slots
from sync.hub.intake.wire import Load
from sync.hub.store.turnstile import Lane


class ToldToWait(Exception):
    """No room now: come in `wait_s` seconds; the slot is exactly `ahead_s` away."""

    def __init__(self, key_id: str, wait_s: int, ahead_s: float) -> None:
        super().__init__(f"the slot of {key_id} is in {wait_s} s")
        self.key_id = key_id
        self.wait_s = wait_s
        self.ahead_s = ahead_s


@dataclass(frozen=True, slots=True)
class Visit:
    """A batch on its way in. `ahead_s`: until the slot that its nonce names, if any."""

    load: Load
    ahead_s: float | None = None

    @property
    def lane(self) -> Lane:
        return Lane.SHORT if self.load.open_ask else Lane.BACKLOG


class Lanes:
    """Thread-safe. One for each worker process: each hands out its own share.

    A slot that another worker told comes back with the visit.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._slots = Slots()

    def turn_away_if_full(self, key_id: str, visit: Visit) -> None:
        """Before a visitor is told to come again with a fresh nonce. Raises ToldToWait."""
        with self._lock:
            self._turn_away_if_full(key_id, visit, self._slots.wait_to_repeat_s)

    @contextmanager
    def inside(self, key_id: str, visit: Visit) -> Iterator[None]:
        """Be inside while the batch is judged. Raises ToldToWait."""
        if visit.load.open_ask:
            yield
            return
        with self._lock:
            self._turn_away_if_full(key_id, visit, self._slots.wait_s)
            self._slots.enter(key_id, visit.load.events, self._now_s())
        try:
            yield
        finally:
            with self._lock:
                self._slots.leave(visit.load.events, self._now_s())

    def _turn_away_if_full(
        self, key_id: str, visit: Visit, ask: Callable[[str, int, float], int]
    ) -> None:
        if visit.load.open_ask:
            return
        now_s = self._now_s()
        if visit.ahead_s is not None:
            self._slots.recall(key_id, now_s + visit.ahead_s, now_s)
        wait_s = ask(key_id, visit.load.events, now_s)
        if wait_s:
            self._slots.turned_away()
            raise ToldToWait(key_id, wait_s, self._slots.ahead_s(key_id, now_s))
