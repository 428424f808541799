"""A transport to a device that wants a pause between two requests."""

from __future__ import annotations

import time

from drivers.transports import Transport


class PacedTransport:
    """Waits before a write until `gap_s` have passed since the one before."""

    def __init__(self, transport: Transport, gap_s: float) -> None:
        self._transport = transport
        self._gap_s = gap_s
        # The port may have been used a moment ago, before it was opened again.
        self._ready_at = time.monotonic() + gap_s

    def read(self, timeout_s: float) -> bytes:
        return self._transport.read(timeout_s)

    def write(self, data: bytes) -> None:
        time.sleep(max(self._ready_at - time.monotonic(), 0))
        self._transport.write(data)
        self._ready_at = time.monotonic() + self._gap_s

    def discard_input(self) -> None:
        self._transport.discard_input()

    def close(self) -> None:
        self._transport.close()
