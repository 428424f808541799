"""One HTTP exchange with hard limits: time in all, size, no redirects.

Shared by whoever calls a server that may be slow, broken or somebody else's.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

#: An answer longer than this is not one that we asked for.
MAX_ANSWER_BYTES = 8 << 20
#: The whole exchange may last this many times the time-out of a single step.
TOTAL_TIMEOUTS = 3

_CHUNK_BYTES = 1 << 16
#: What bytes that are no proper answer raise; the last two come out of the libraries
#: for some of them (a chunk of negative length, a header that is no text).
_BROKEN = (requests.RequestException, HTTPError, OSError, ValueError, RuntimeError)


class BadAddress(ValueError):
    """Not an address that a server of ours may have; the text says what is wrong."""


class NoAnswer(ConnectionError):
    """No answer, or none that can be read. `sent`: the request may have arrived."""

    def __init__(self, reason: str, *, sent: bool = True) -> None:
        super().__init__(reason)
        self.sent = sent


def base_address(address: str) -> str:
    """Allow https anywhere and http on this machine alone: personal data goes there.

    Without a slash at its end. Raises BadAddress.
    """
    try:
        parts = urlsplit(address)
        port_ok = parts.port != 0
    except ValueError as err:
        raise BadAddress(f"{address!r}: {err}") from err
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    scheme_ok = parts.scheme == "https" or (parts.scheme == "http" and local)
    if not (scheme_ok and parts.hostname and port_ok) or parts.query or parts.fragment:
        raise BadAddress(f"{address!r} is not an https:// address")
    return address.rstrip("/")


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
    """Sends prepared requests over one kept connection. One thread at a time.

    `peer` is the server's name in texts and of the thread that watches the time;
    `ca_file` holds who may have signed its certificate, in place of the usual ones.
    """

    def __init__(
        self, timeout_s: float, peer: str, ca_file: Path | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._peer = peer
        self._verify = str(ca_file) if ca_file else True
        # No session: it would look into a redirect's address and read its body, keep
        # cookies, and let proxies and .netrc of the environment have a say.
        self._adapter = _CuttableAdapter()

    def send(self, request: requests.PreparedRequest) -> Answer:
        """Return the answer, whatever its status. Raises NoAnswer."""
        try:
            with self._deadline() as passed:
                answer = self._receive(request)
        except NoAnswer:
            raise
        except _BROKEN as err:
            raise NoAnswer(self._reason(err), sent=_may_have_left(err)) from err
        if passed.is_set():
            raise NoAnswer("the answer took too long")
        return answer

    def cut(self) -> None:
        """End the exchange under way with NoAnswer."""
        self._adapter.cut()

    def hang_up(self) -> None:
        """Close the connection; the next request opens another one."""
        self._adapter.close()

    close = hang_up

    def _receive(self, request: requests.PreparedRequest) -> Answer:
        with self._adapter.send(
            request, stream=True, timeout=self._timeout_s, verify=self._verify
        ) as response:
            body = bytearray()
            for chunk in response.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise NoAnswer("the answer is too long")
            return Answer(response.status_code, response.headers, bytes(body))

    def _reason(self, err: Exception) -> str:
        if isinstance(err, requests.exceptions.SSLError):
            return f"the {self._peer}'s certificate is not trusted, or TLS failed"
        if isinstance(err, requests.Timeout):
            return f"the {self._peer} did not answer in time"
        if isinstance(err, requests.ConnectionError):
            return f"no connection to the {self._peer}"
        return f"broken answer: {type(err).__name__}"

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
        timer.name = f"{self._peer}-deadline"
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


def _may_have_left(err: Exception) -> bool:
    """False only where there was no connection that a request could go over."""
    if isinstance(err, requests.ConnectTimeout):
        return False
    cause: object = err.args[0] if err.args else None
    unreached = isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError
    )
    return not unreached
