"""Waiting for what other threads and processes do, by looking again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 20.0
_PAUSE_S = 0.05
#: What a driver's call may take beyond its time-out, and a loaded machine on top.
GRACE_S = 0.2 + 0.5

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
