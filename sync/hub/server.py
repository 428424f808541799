"""The hub's web server: one process with threads, until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from flask import Flask
from waitress.server import create_server

from sync.hub.app import MAX_REQUEST_BYTES

#: Requests served at once; each is short, and a desk page may wait for a big query.
THREADS = 8


def serve(app: Flask, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets the address once it can be called.

    Port 0 takes a free one. Raises OSError if the port is taken.
    """
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        max_request_body_size=MAX_REQUEST_BYTES,
        ident="tongjie",
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        ready(f"http://{host}:{server.effective_port}")
        server.run()
    finally:
        server.close()


def _stop(_number: int, _frame: FrameType | None) -> None:
    # Ends the server's loop, which then lets running requests finish.
    raise SystemExit(0)
