"""Telling a repeated sight of a code from a new scan."""

from __future__ import annotations

from collections.abc import Iterable


class Repeats:
    """A code that comes again within `suppress_s` of its last sight is the same scan.

    A new code ends that: what is scanned again behind another one counts again. Codes
    that are seen together, as by a camera, do not end each other.
    """

    def __init__(self, suppress_s: float) -> None:
        self._suppress_s = suppress_s
        self._seen_at: dict[str, float] = {}

    def new(self, codes: Iterable[str], now: float) -> list[str]:
        """Which of the codes seen together are new; `now`: monotonic seconds."""
        seen = dict.fromkeys(codes, now)
        known = {
            code: at
            for code, at in self._seen_at.items()
            if now - at < self._suppress_s
        }
        fresh = [code for code in seen if code not in known]
        self._seen_at = seen if fresh else known | seen
        return fresh
