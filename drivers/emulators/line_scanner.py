"""A serial barcode scanner that isn't there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

PAUSE_S = 0.012


def answer(_data: bytes) -> Iterable[bytes]:
    """The scanner's side of a `drivers.emulators.pty.Pty`: it only speaks unasked."""
    return ()


class LineScannerEmulator:
    """Sends what was scanned through `send`, such as `drivers.emulators.pty.Pty.send`."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        *,
        terminator: bytes = b"\r",
        encoding: str = "utf-8",
    ) -> None:
        self._send = send
        self._terminator = terminator
        self._encoding = encoding

    def scan(self, text: str) -> None:
        self._send(text.encode(self._encoding) + self._terminator)

    def scan_slowly(self, text: str) -> None:
        """The same over a slow line, byte by byte; returns when all is sent."""
        for byte in text.encode(self._encoding) + self._terminator:
            time.sleep(PAUSE_S)
            self._send(bytes((byte,)))

    def babble(self, noise: bytes) -> None:
        """Send bytes as they are, as a bad cable does."""
        self._send(noise)
