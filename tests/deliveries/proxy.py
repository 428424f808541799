"""A TCP proxy between kiosks and hub that cuts the line at a chosen step of a request."""

from __future__ import annotations

import enum
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

#: How long a silent line is held before it is given up; beyond any client's patience.
_PATIENCE_S = 15.0
_CHUNK = 1 << 16
_RST = struct.pack("ii", 1, 0)


class Cut(enum.Enum):
    """Where in an exchange the line breaks."""

    NONE = "none"
    BEFORE_SEND = "before send"
    MID_HEADER = "mid-header"
    MID_BODY = "mid-body"
    AFTER_COMMIT = "after commit"
    MID_ANSWER = "mid-answer"
    HALF_OPEN = "half-open"


#: Steps at which the hub has got the whole request, though its answer may be lost.
ARRIVED = frozenset({Cut.NONE, Cut.AFTER_COMMIT, Cut.MID_ANSWER, Cut.HALF_OPEN})
#: Per request: where it is cut, and whether by RST rather than by FIN.
Plan = Callable[[], tuple[Cut, bool]]
Address = tuple[str, int]


class Proxy:
    """Hands on one request at a time per connection, to the hubs in turn.

    `cuts` counts the requests that ended at each step; `note` gets each body that
    the hub received whole.
    """

    def __init__(
        self, hubs: list[Address], plan: Plan, note: Callable[[bytes], None]
    ) -> None:
        self.hubs = hubs
        self.cuts: Counter[Cut] = Counter()
        self._plan = plan
        self._note = note
        self._lock = threading.Lock()
        self._turn = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads = [threading.Thread(target=self._accept, name="proxy")]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=[client], name="line")
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            client.settimeout(_PATIENCE_S)
            with closing(self._dial()) as hub:
                while request := _message(client):
                    if not self._exchange(client, hub, request):
                        return

    def _dial(self) -> socket.socket:
        with self._lock:
            self._turn += 1
            address = self.hubs[self._turn % len(self.hubs)]
        return socket.create_connection(address, timeout=_PATIENCE_S)

    def _exchange(
        self, client: socket.socket, hub: socket.socket, request: bytes
    ) -> bool:
        """Hand on one request; False if the line is cut by now."""
        with self._lock:
            cut, hard = self._plan()
        passed = _passed(cut, request)
        hub.sendall(request[:passed])
        answer = _message(hub) if cut in ARRIVED else b""
        if cut in ARRIVED and not answer:
            return False  # the hub itself went away
        with self._lock:
            self.cuts[cut] += 1
            if cut in ARRIVED:
                self._note(request)
        return _finish(client, hub, cut, answer, hard=hard)


@contextmanager
def proxy(
    hubs: list[Address], plan: Plan, note: Callable[[bytes], None]
) -> Iterator[Proxy]:
    made = Proxy(hubs, plan, note)
    try:
        yield made
    finally:
        made.close()


def _passed(cut: Cut, request: bytes) -> int:
    """How many bytes of the request reach the hub."""
    header = request.index(b"\r\n\r\n")
    if cut is Cut.BEFORE_SEND:
        return 0
    if cut is Cut.MID_HEADER:
        return header // 2
    if cut is Cut.MID_BODY:
        return header + 4 + (len(request) - header - 4) // 2
    return len(request)


def _finish(
    client: socket.socket, hub: socket.socket, cut: Cut, answer: bytes, *, hard: bool
) -> bool:
    if cut is Cut.NONE:
        client.sendall(answer)
        return True
    if cut is Cut.MID_ANSWER:
        client.sendall(answer[: len(answer) // 2])
    if cut is Cut.HALF_OPEN:
        client.recv(1)  # silent until the client gives up
    if hard:
        for side in (client, hub):
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
    return False


def _message(side: socket.socket) -> bytes:
    """One whole HTTP message with a Content-Length; b"" when the side has closed."""
    message = b""
    while b"\r\n\r\n" not in message:
        more = side.recv(_CHUNK)
        if not more:
            return b""
        message += more
    whole = message.index(b"\r\n\r\n") + 4 + _content_length(message)
    while len(message) < whole:
        more = side.recv(_CHUNK)
        if not more:
            return b""
        message += more
    return message


def _content_length(message: bytes) -> int:
    header = message[: message.index(b"\r\n\r\n")].lower()
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0
