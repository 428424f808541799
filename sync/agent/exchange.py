"""One HTTP exchange with hard limits: time in all, size, no redirects."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from sync.agent.errors import HubUnreachable

#: An answer longer than this is not our hub's.
MAX_ANSWER_BYTES = 8 << 20
#: The whole exchange may last this many times the time-out of a single step.
TOTAL_TIMEOUTS = 3

_CHUNK_BYTES = 1 << 16
#: What bytes that are no proper answer raise; the last two come out of the libraries
#: for some of them (a chunk of negative length, a header that is no text).
_BROKEN = (requests.RequestException, HTTPError, OSError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Answer:
    """Any status; header names in any case; the body whole and decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        media_type = self.headers.get("Content-Type", "").partition(";")[0]
        return media_type.strip().lower() == "application/json"


class Exchange:
    """Sends prepared requests over one kept connection. One thread at a time."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        # No session: it would look into a redirect's address and read its body, keep
        # cookies, and let proxies and .netrc of the environment have a say.
        self._adapter = _CuttableAdapter()

    def send(self, request: requests.PreparedRequest) -> Answer:
        """Return the answer, whatever its status. Raises HubUnreachable."""
        try:
            with self._deadline() as passed:
                answer = self._receive(request)
        except HubUnreachable:
            raise
        except _BROKEN as err:
            raise HubUnreachable(_reason(err)) from err
        if passed.is_set():
            raise HubUnreachable("the answer took too long")
        return answer

    def cut(self) -> None:
        """End the exchange under way with HubUnreachable."""
        self._adapter.cut()

    def hang_up(self) -> None:
        """Close the connection; the next request opens another one."""
        self._adapter.close()

    close = hang_up

    def _receive(self, request: requests.PreparedRequest) -> Answer:
        with self._adapter.send(
            request, stream=True, timeout=self._timeout_s
        ) as response:
            body = bytearray()
            for chunk in response.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise HubUnreachable("the answer is too long")
            return Answer(response.status_code, response.headers, bytes(body))

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Cut the connection when the whole exchange lasts too long.

        Socket time-outs alone do not end an answer that comes a byte a second.
        """
        passed = threading.Event()

        def cut() -> None:
            passed.set()
            self._adapter.cut()

        timer = threading.Timer(self._timeout_s * TOTAL_TIMEOUTS, cut)
        timer.name = "hub-deadline"
        timer.daemon = True
        timer.start()
        try:
            yield passed
        finally:
            timer.cancel()


class _CuttableAdapter(HTTPAdapter):
    """Remembers the connection it opened last, so that another thread can cut it."""

    def __init__(self) -> None:
        self._newest: list[HTTPConnection] = []
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._newest)

    def cut(self) -> None:
        for connection in self._newest:
            if connection.sock is not None:
                with contextlib.suppress(OSError):  # closed in the meantime
                    connection.sock.shutdown(socket.SHUT_RDWR)


def _pool_classes(newest: list[HTTPConnection]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            newest[:] = [self]
            super().connect()

    class Secured(HTTPSConnection):
        def connect(self) -> None:
            newest[:] = [self]
            super().connect()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecuredPool(HTTPSConnectionPool):
        ConnectionCls = Secured

    return {"http": PlainPool, "https": SecuredPool}


def _reason(err: Exception) -> str:
    if isinstance(err, requests.exceptions.SSLError):
        return "the hub's certificate is not trusted, or TLS failed"
    if isinstance(err, requests.Timeout):
        return "the hub did not answer in time"
    if isinstance(err, requests.ConnectionError):
        return "no connection to the hub"
    return f"broken answer: {type(err).__name__}"
