"""The hub's web server: one process with threads, until it is told to stop."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from types import FrameType

from flask import Flask
from waitress.server import create_server

from sync.hub.app import MAX_REQUEST_BYTES

#: Requests under way. Most of them wait for their turn to write, at most
#: `slots.MAX_INSIDE`; the others are free for asks, the feed and the desk.
THREADS = 32
#: Open connections: every kiosk of a large county, in the minute after an outage.
CONNECTIONS = 12_000
#: Connections that the system keeps until we accept them, all at once if need be.
BACKLOG = 4096
#: An idle connection is closed after this time; kiosks come every 15 s.
IDLE_S = 40
#: Files besides connections: the database, logs, libraries.
OTHER_FILES = 200


def serve(app: Flask, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets the address once it can be called.

    Port 0 takes a free one. Raises OSError if the port is taken.
    """
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=_raise_file_limit(CONNECTIONS),
        backlog=BACKLOG,
        channel_timeout=IDLE_S,
        asyncore_use_poll=True,  # select() ends at 1024
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


def _raise_file_limit(connections: int) -> int:
    """Let this process open so many connections; return how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    wanted = connections + OTHER_FILES
    allowed = max(soft, wanted if unlimited else min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(connections, allowed - OTHER_FILES)


def _stop(_number: int, _frame: FrameType | None) -> None:
    # Ends the server's loop, which then lets running requests finish.
    raise SystemExit(0)
