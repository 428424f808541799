"""Ways to reach a device: a serial port, a TCP stream, a recorded trace."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """A byte stream to a device. All three raise DeviceLost when it is gone."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting at most `timeout_s`; b"" means nothing."""

    def write(self, data: bytes) -> None:
        """Send all of it."""

    def discard_input(self) -> None:
        """Forget what has arrived, so a late answer is not taken for the next one."""

    def close(self) -> None:
        """Twice is fine."""
