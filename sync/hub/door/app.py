"""The hub as one WSGI application: the kiosks' API and the staff desk."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask

from sync.hub import desk
from sync.hub.door import problems
from sync.hub.door.api import HUB, LANES, api
from sync.hub.door.lanes import Lanes
from sync.hub.store.setup import Hub

#: The longest request that is read; 200 events stay well below.
MAX_REQUEST_BYTES = 1 << 20
#: What a browser on this machine calls it.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def create_app(hub: Hub, desk_hosts: Sequence[str] = ()) -> Flask:
    """Make the application. It may run in any number of threads and processes.

    `desk_hosts`: names under which staff reach the desk, besides this machine's own.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.extensions[HUB] = hub
    app.extensions[LANES] = Lanes()
    problems.register(app)
    app.register_blueprint(api)
    desk.install(app, hub.database, (*LOOPBACK, *desk_hosts), key=hub.key)
    return app
