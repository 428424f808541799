"""The touchscreen's pages on a scripted desk, called directly or behind the real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.ui_client import SCRIPT
from tests.ui_desk import ScriptedDesk
from ui.app import create_app, streams_of
from ui.server import Server, serve


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk(script=SCRIPT)


@pytest.fixture
def app(desk: ScriptedDesk) -> Iterator[Flask]:
    app = create_app(desk)
    yield app
    streams_of(app).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    running = serve(app, 0)
    yield running
    running.stop()
