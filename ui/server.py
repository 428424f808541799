"""The touchscreen's server: waitress on the loopback address, in a thread of its own."""

from __future__ import annotations

import socket
import threading

from flask import Flask
from waitress import wasyncore
from waitress.server import TcpWSGIServer, create_server

from ui.app import streams_of

HOST = "127.0.0.1"
#: More than `ui.streams.MOST_STREAMS`, so that pages are always answered.
THREADS = 8
STOP_S = 5.0


class Server:
    """A server that answers until it is stopped. `port` is the one that was bound."""

    def __init__(self, app: Flask, port: int) -> None:
        # Bound here, since waitress leaves threads behind when the port is taken.
        listening = socket.create_server((HOST, port))
        self.port: int = listening.getsockname()[1]
        self._streams = streams_of(app)
        self._sockets: dict[int, object] = {}
        self._waitress: TcpWSGIServer = create_server(
            app, self._sockets, sockets=[listening], threads=THREADS, ident=None
        )
        self._thread = threading.Thread(target=self._waitress.run, name="ui-server")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    @property
    def alive(self) -> bool:
        """Tell whether pages are answered and open ones still learn of changes."""
        return self._thread.is_alive() and self._streams.alive

    def stop(self) -> None:
        """End the streams, finish what is being answered, and free the port."""
        if not self._thread.is_alive():
            return
        self._streams.close()
        self._waitress.task_dispatcher.shutdown(timeout=STOP_S)
        # The sockets belong to the serving thread; without any, its loop ends.
        self._waitress.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))
        self._thread.join(STOP_S)


def serve(app: Flask, port: int) -> Server:
    """Serve an application on 127.0.0.1; port 0 takes a free one. OSError if taken."""
    return Server(app, port)
