"""How often a device is asked: often while something happens, seldom while nothing does."""

from __future__ import annotations

import time

#: After so long without a change a device is asked less often.
QUIET_S = 20.0


class Pace:
    """The interval between two looks of a driver that polls.

    `slower`: so many times longer while nothing changes; still soon enough for a hand.
    `looked` is told what each look found; anything that can be compared will do.
    """

    def __init__(self, interval_s: float, slower: float) -> None:
        self._interval_s = interval_s
        self._slower = slower
        self._found: object = None
        self._changed_at = time.monotonic()

    @property
    def interval_s(self) -> float:
        quiet = time.monotonic() - self._changed_at > QUIET_S
        return self._interval_s * self._slower if quiet else self._interval_s

    def looked(self, found: object) -> None:
        """The interval is short again as soon as something else is found."""
        if found != self._found:
            self._found, self._changed_at = found, time.monotonic()
