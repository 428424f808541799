"""The staff desk: what happens in the county, as pages for a browser.

Read-only apart from logging in: nothing here changes circulation.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, redirect, url_for
from werkzeug.wrappers import Response

from sync.hub.desk import access, pages
from sync.hub.desk.context import Clock, Desk, session_key, utc_now
from sync.hub.store.database import Database


def install(
    app: Flask,
    database: Database,
    hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    *,
    key: Ed25519PrivateKey,
    https: bool = False,
    clock: Clock = utc_now,
) -> None:
    """Add the desk under /desk to the hub's application.

    `hosts`: the names under which staff reach the hub, without a port; any other
    Host is refused. `key` is the hub's. `https`: the session cookie travels over TLS only.
    """
    app.extensions["desk"] = Desk(database, frozenset(hosts), clock, key)
    app.secret_key = session_key(database)
    app.config.update(
        SESSION_COOKIE_NAME="tongjie_desk",
        SESSION_COOKIE_PATH="/desk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=https,
        PERMANENT_SESSION_LIFETIME=access.SESSION_LENGTH,
    )
    app.register_blueprint(pages.blueprint)
    app.add_url_rule("/", "home", _to_desk)


def _to_desk() -> Response:
    return redirect(url_for("desk.overview"))
