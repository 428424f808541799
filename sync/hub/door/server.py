"""The hub's web server: gunicorn, one process or several with threads each.

A process that dies or hangs is replaced; the others go on meanwhile.
"""

from __future__ import annotations

import resource
from collections.abc import Callable

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger

#: Requests under way in a process. Most of them wait for their turn to write, at most
#: `slots.MAX_INSIDE`; the others are free for asks, the feed and the desk.
THREADS = 32
#: Open connections: every kiosk of a large county, in the minute after an outage.
CONNECTIONS = 12_000
#: Connections that the system keeps until we accept them, all at once if need be.
BACKLOG = 4096
#: An idle connection is closed after this time; kiosks come every 15 s.
IDLE_S = 40
#: A process that gives no sign of life for so long is replaced.
HUNG_S = 60
#: Files besides connections: the database, logs, libraries.
OTHER_FILES = 200


def serve(
    make_app: Callable[[], Flask],
    host: str,
    port: int,
    ready: Callable[[str], None],
    processes: int = 1,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets the address once it can be called.

    `make_app` is called in each process. Port 0 takes a free one. Does not return.
    """

    def when_ready(arbiter: Arbiter) -> None:
        _, bound = arbiter.LISTENERS[0].sock.getsockname()[:2]
        ready(f"http://{host}:{bound}")

    _Server(
        make_app,
        {
            "bind": f"{host}:{port}",
            "workers": processes,
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": _raise_file_limit(CONNECTIONS),
            "backlog": BACKLOG,
            "keepalive": IDLE_S,
            "timeout": HUNG_S,
            "when_ready": when_ready,
            "logger_class": _JournalLog,
            "loglevel": "warning",
            "control_socket_disable": True,
        },
    ).run()


class _Server(BaseApplication):  # type: ignore[misc]  # untyped base
    """gunicorn with settings of ours; it reads neither files nor arguments."""

    def __init__(
        self, make_app: Callable[[], Flask], settings: dict[str, object]
    ) -> None:
        self._make_app = make_app
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()


class _JournalLog(Logger):  # type: ignore[misc]  # untyped base
    """Says what it has to say by the way all our logs go, masked."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True


def _raise_file_limit(connections: int) -> int:
    """Let this process open so many connections; return how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    wanted = connections + OTHER_FILES
    allowed = max(soft, wanted if unlimited else min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(connections, allowed - OTHER_FILES)
