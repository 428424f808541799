"""Waiting for what other threads and processes do, by looking again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

PATIENCE_S = 20.0
_PAUSE_S = 0.05
#: What a driver's call may take beyond its time-out.
GRACE_S = 0.2
#: A sleep that is late by less tells nothing about the machine.
_USUAL_S = 0.005

T = TypeVar("T")


def eventually(
    look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S
) -> T:
    """Return the first true value of `look`; fail by name when there is none in time."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(_PAUSE_S)
    return found


@contextmanager
def within(limit_s: float) -> Iterator[None]:
    """Fail unless the block ends within `limit_s` and what a driver's call may add.

    On a loaded machine everything is late, so a sleeper beside the block tells by how
    much; that is the machine's time, not the driver's.
    """
    over = threading.Event()
    late_s: list[float] = []
    sleeper = threading.Thread(target=_sleep_beside, args=[over, late_s])
    sleeper.start()
    started = time.monotonic()
    try:
        yield
    finally:
        took_s = time.monotonic() - started
        over.set()
        sleeper.join()
    assert took_s <= limit_s + GRACE_S + sum(late_s), f"{took_s:.3f} s"


def _sleep_beside(over: threading.Event, late_s: list[float]) -> None:
    while not over.is_set():
        started = time.monotonic()
        time.sleep(_PAUSE_S)
        late = time.monotonic() - started - _PAUSE_S
        late_s += [late] if late > _USUAL_S else []
