"""A line that takes as long as the bytes on it do."""

from __future__ import annotations

import time
from collections.abc import Iterator

from drivers.emulators.pty import Answer

#: Start bit, eight data bits, stop bit; one more with parity.
BITS_8N1, BITS_8E1 = 10, 11


class PacedLine:
    """An `Answer` for `drivers.emulators.pty.Pty`, around that of a device.

    A request is heard when its last bit would have arrived, and a reply is there when
    its last one has; the device behind it answers at once.
    """

    def __init__(self, answer: Answer, baud: int, bits: int = BITS_8N1) -> None:
        self._answer = answer
        self._byte_s = bits / baud
        self._free_at = 0.0
        self._seconds = 0.0
        self._requests = 0

    def restart(self) -> tuple[float, int]:
        """Count from here; returns the seconds in use and the requests until now."""
        counted = self._seconds, self._requests
        self._seconds, self._requests = 0.0, 0
        return counted

    def __call__(self, received: bytes) -> Iterator[bytes]:
        self._requests += bool(received)
        self._free_at = max(self._free_at, time.monotonic())
        self._pass(len(received))
        for reply in self._answer(received):
            self._pass(len(reply))
            yield reply

    def _pass(self, count: int) -> None:
        duration = count * self._byte_s
        self._seconds += duration
        self._free_at += duration
        time.sleep(max(0.0, self._free_at - time.monotonic()))
