"""Live updates of the touchscreen, behind its real server."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from flask import Flask

from kiosk.view import Screen, View
from tests.integration.ui_world import app, desk, server
from tests.ui_client import BASE
from tests.ui_desk import ScriptedDesk
from ui.app import create_app, streams_of
from ui.server import THREADS, Server, serve
from ui.streams import LONGEST_STREAM, MOST_STREAMS

__all__ = ["app", "desk", "server"]


class Listener:
    """An EventSource as small as can be."""

    def __init__(self, server: Server) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        self._line.request("GET", "/stream")
        self._answer = self._line.getresponse()
        self.type = self._answer.headers["Content-Type"]

    def next(self) -> dict[str, Any] | None:
        """Return the next view, or None when the stream ends."""
        for line in self._answer:
            if line.startswith(b"data: "):
                event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return event
        return None

    def close(self) -> None:
        self._answer.close()
        self._line.close()


@pytest.fixture
def listen(server: Server) -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Listener(server)))


def page_time_s(server: Server) -> float:
    started = time.perf_counter()
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with closing(line):
        line.request("GET", "/")
        assert line.getresponse().status == 200
    return time.perf_counter() - started


def test_stream_begins_with_the_whole_view(listen: Any, desk: ScriptedDesk) -> None:
    desk.publish(screen=Screen.RETURN)

    listener = listen()
    event = listener.next()

    assert listener.type.startswith("text/event-stream")
    assert event.keys() == {"revision", "step", "screen", "html"}
    assert (event["revision"], event["screen"]) == (2, "return")
    assert event["html"].startswith("<main ")
    assert event["html"].rstrip().endswith("</main>")


def test_stream_sends_the_whole_view_at_every_change(
    listen: Any, desk: ScriptedDesk
) -> None:
    listener = listen()
    listener.next()

    seen = []
    for screen in (Screen.IDENTIFY, Screen.BORROW, Screen.WORKING):
        desk.publish(screen=screen)
        seen.append(listener.next()["screen"])

    assert seen == ["identify", "borrow", "working"]


def test_stream_skips_to_the_latest_view(listen: Any, desk: ScriptedDesk) -> None:
    listener = listen()
    listener.next()

    for revision in range(2, 52):
        desk.publish(count=revision)
    last = 0
    while last < 51:
        last = listener.next()["revision"]

    assert last == 51


def test_fourth_stream_ends_the_oldest(listen: Any, app: Flask) -> None:
    listeners = [listen() for _ in range(MOST_STREAMS)]
    for listener in listeners:
        listener.next()

    newest = listen()

    assert newest.next() is not None
    assert listeners[0].next() is None
    assert len(streams_of(app)) == MOST_STREAMS


def test_streams_never_take_all_threads(server: Server, listen: Any) -> None:
    """Four times as many streams as threads, half of which nobody reads."""
    crowd = [listen() for _ in range(4 * THREADS)]
    for listener in crowd[::2]:
        listener.next()

    slowest = max(page_time_s(server) for _ in range(20))

    assert MOST_STREAMS < THREADS
    assert slowest < 1.0


def test_stream_ends_before_an_unread_one_could_block_a_thread(
    monkeypatch: pytest.MonkeyPatch, desk: ScriptedDesk
) -> None:
    assert LONGEST_STREAM < 16 * 2**20  # where waitress would stop to buffer
    monkeypatch.setattr("ui.app.LONGEST_STREAM", 10)
    app = create_app(desk)

    answer = app.test_client().get("/stream", base_url=BASE)

    assert answer.text.count("data: ") == 1
    streams_of(app).close()


def test_quiet_stream_is_kept_alive(app: Flask) -> None:
    stream = streams_of(app).open(keep_alive_s=0.01)

    assert [isinstance(next(stream), View) for _ in range(3)] == [True, False, False]


def test_stopped_server_ends_its_streams_and_frees_the_port(
    server: Server, listen: Any
) -> None:
    listener = listen()
    listener.next()

    server.stop()

    assert listener.next() is None
    assert not server.alive
    names = {thread.name for thread in threading.enumerate()}
    assert not {"ui-server", "ui-streams"} & names
    again = serve(create_app(ScriptedDesk()), server.port)
    again.stop()


def test_server_listens_on_the_loopback_address_only(server: Server) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), timeout=2)


def test_busy_port_is_an_error_at_once(server: Server) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(create_app(ScriptedDesk()), server.port)
