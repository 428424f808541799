"""Slowing down whoever guesses passwords."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass

#: Wrong passwords in a row that cost nothing; people mistype.
FREE_TRIES = 5
FIRST_WAIT = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(minutes=15)
#: Names remembered at once, so that guessed names can't fill the memory.
_NAMES = 10_000
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class _Record:
    failures: int
    closed_until: dt.datetime


class LoginGuard:
    """Counts wrong passwords per user name. Threads share it; each worker has its own."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._lock = threading.Lock()

    def wait(self, name: str, now: dt.datetime) -> dt.timedelta:
        """How long this name has to wait before the next try; zero if it may try now."""
        with self._lock:
            record = self._records.get(name)
        if record is None or record.closed_until <= now:
            return dt.timedelta(0)
        return record.closed_until - now

    def failed(self, name: str, now: dt.datetime) -> None:
        """Note a wrong password; from the fifth on each doubles the wait."""
        with self._lock:
            earlier = self._records.pop(name, None)
            failures = 1 + (earlier.failures if earlier else 0)
            self._records[name] = _Record(failures, now + _wait_after(failures))
            if len(self._records) > _NAMES:
                del self._records[next(iter(self._records))]

    def succeeded(self, name: str) -> None:
        with self._lock:
            self._records.pop(name, None)


def _wait_after(failures: int) -> dt.timedelta:
    if failures < FREE_TRIES:
        return dt.timedelta(0)
    wait = FIRST_WAIT
    for _ in range(min(failures - FREE_TRIES, _MOST_DOUBLINGS)):
        wait *= 2
    return min(wait, LONGEST_WAIT)
