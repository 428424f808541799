"""A device behind a TCP port: a network reader, or a serial-to-network converter."""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from drivers.api import DeviceLost, LineBlocked

_CONNECT_TIMEOUT_S = 3.0
#: For one `write`; what takes longer is stuck.
_SEND_TIMEOUT_S = 1.5
_CHUNK = 4096


class TcpStream:
    """A connection to `host:port`; its end and every fault of it are DeviceLost."""

    def __init__(self, host: str, port: int) -> None:
        """Connect. Raises DeviceLost when nobody answers."""
        self._name = f"tcp://{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), _CONNECT_TIMEOUT_S)
        except OSError as err:
            raise self._lost(err) from err
        self._socket.settimeout(_SEND_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A reader that loses its power sends no goodbye.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting at most `timeout_s`; b"" means nothing."""
        try:
            readable, _, _ = select.select([self._socket], [], [], max(timeout_s, 0))
            if not readable:
                return b""
            received = self._socket.recv(_CHUNK)
        except (OSError, ValueError) as err:
            raise self._lost(err) from err
        if not received:
            raise DeviceLost(f"{self._name}: closed by the device")
        return received

    def write(self, data: bytes) -> None:
        """Send all of it. Raises LineBlocked when the device takes no more."""
        try:
            self._socket.sendall(data)
        except TimeoutError as err:
            raise LineBlocked(f"{self._name}: takes no more bytes") from err
        except OSError as err:
            raise self._lost(err) from err

    def discard_input(self) -> None:
        """Forget what has arrived."""
        while self.read(0):
            pass

    def close(self) -> None:
        """Twice is fine."""
        with suppress(OSError):  # the other end may have gone first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _lost(self, err: Exception) -> DeviceLost:
        return DeviceLost(f"{self._name}: {err}")
