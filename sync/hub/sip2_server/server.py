"""The socket: a thread for each machine that is connected.

What a thread sends leaves after its transaction has ended, so a slow peer holds up
nobody else.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from sync.hub.sip2_server.conversation import Conversation, Standing

_CHUNK_BYTES = 4096
_JOIN_S = 15.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds, and connections at once. `hush_s`: after a wrong login nothing is heard."""

    connections: int = 64
    idle_s: float = 900.0
    login_s: float = 30.0
    send_s: float = 10.0
    hush_s: float = 1.0


class SipServer:
    """Owns its connections, not the listener.

    `begin` makes a conversation for each, with a machine at this address.
    """

    def __init__(
        self, begin: Callable[[str], Conversation], limits: Limits | None = None
    ) -> None:
        self._begin = begin
        self._limits = limits or Limits()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}

    def serve(self, listener: socket.socket) -> None:
        """Until `stop`, and until all that was being done is done."""
        listener.settimeout(0.2)
        while not self._stop.is_set():
            try:
                connection, peer = listener.accept()
            except TimeoutError:
                continue
            self._welcome(connection, peer[0])
        self._farewell()

    def stop(self) -> None:
        """Any thread or signal handler may call it."""
        self._stop.set()

    def _welcome(self, connection: socket.socket, address: str) -> None:
        with self._lock:
            full = len(self._open) >= self._limits.connections
            if not full:
                thread = threading.Thread(
                    target=self._converse,
                    args=[connection, address],
                    name="sip2-machine",
                )
                self._open[thread] = connection
        if full:
            log.warning("too many machines", limit=self._limits.connections)
            connection.close()
        else:
            thread.start()

    def _converse(self, connection: socket.socket, address: str) -> None:
        try:
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._answer_all(connection, self._begin(address))
        except OSError as err:
            log.info("machine lost", why=str(err))
        finally:
            with self._lock:
                del self._open[threading.current_thread()]

    def _answer_all(self, connection: socket.socket, talk: Conversation) -> None:
        limits = self._limits
        while talk.standing is not Standing.OVER and not self._stop.is_set():
            connection.settimeout(limits.idle_s if talk.is_known else limits.login_s)
            data = connection.recv(_CHUNK_BYTES)
            if not data:
                return
            connection.settimeout(limits.send_s)
            for answer in talk.hear(data):
                if talk.standing is not Standing.OPEN:
                    self._stop.wait(limits.hush_s)
                connection.sendall(answer)

    def _farewell(self) -> None:
        """Answers on their way still leave; nothing more is heard."""
        with self._lock:
            waiting = list(self._open.items())
        for _, connection in waiting:
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                continue  # it has gone by itself
        for thread, _ in waiting:
            thread.join(_JOIN_S)
