"""A bell between kiosk and agent: "look at the other database now".

An empty datagram on a Unix socket; it carries nothing and may be lost, so
whoever listens also looks on its own from time to time.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path


def agent_bell(folder: Path) -> Path:
    """Rung by the kiosk when the ledger grew."""
    return folder / "agent.bell"


def kiosk_bell(folder: Path) -> Path:
    """Rung by the agent when the mirror changed."""
    return folder / "kiosk.bell"


class Bell:
    """Rings at a path; silent when nobody listens there."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self) -> None:
        # Nobody there, or many rings waiting already: either way nothing is owed.
        with contextlib.suppress(OSError):
            self._socket.sendto(b"!", self._path)

    def close(self) -> None:
        self._socket.close()


class BellListener:
    """Owns the socket at a path; one thread waits on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(str(path))
        except OSError as err:
            self._socket.close()
            raise OSError(err.errno, f"bell: {err.strerror or err}", str(path)) from err

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring; all rings that have piled up count as one."""
        self._socket.settimeout(max(timeout_s, 0.0) or 0.0001)
        try:
            self._socket.recv(16)
        except (TimeoutError, BlockingIOError):
            return False
        self._drain()
        return True

    def _drain(self) -> None:
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(16)

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)
