"""The staff desk in front of a county, and a browser to read it with."""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync.hub import desk
from sync.hub.county.audit import Actor
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import add_user
from tests.integration.hub_world import MINUTE, NOON, County

NAME, PASSWORD = "liu", "seven-green-books"
CLERK = Actor("os:clerk", "command")
NOW = NOON + 10 * MINUTE
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """A staff member's browser in front of the desk."""

    client: FlaskClient
    now: list[dt.datetime] = field(default_factory=lambda: [NOW])

    def get(self, path: str, **more: object) -> TestResponse:
        return self.client.get(path, **more)

    def read(self, path: str) -> str:
        """Return the page as the reader sees it: no marks, one blank between words."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        plain = re.sub(r"<[^>]+>", " ", answer.text)
        return " ".join(html.unescape(plain).split())

    def post(self, path: str, **form: str) -> TestResponse:
        token = _TOKEN.search(self.get("/desk/login").text)
        assert token
        return self.client.post(path, data={"csrf": token.group(1), **form})

    def post_many(
        self, path: str, many: tuple[str, list[str]], **form: str
    ) -> TestResponse:
        """Post a form in which one field has many values."""
        name, values = many
        token = _TOKEN.search(self.get("/desk/login").text)
        assert token
        return self.client.post(
            path, data={"csrf": token.group(1), name: values, **form}
        )

    def log_in(self, password: str = PASSWORD, name: str = NAME) -> TestResponse:
        return self.post("/desk/login", name=name, password=password)


@pytest.fixture
def stranger(county: County) -> Browser:
    """A browser that nobody has logged in with."""
    return browser_at(county)


def browser_at(county: County) -> Browser:
    """A browser in front of the desk, which has one account."""
    with county.hub.database.writing() as conn:
        add_user(conn, CLERK, NAME, PASSWORD, Standing(Role.STAFF), NOON)
    app = Flask("hub")
    now = [NOW]
    desk.install(app, county.hub.database, key=county.hub.key, clock=lambda: now[0])
    return Browser(app.test_client(), now)


@pytest.fixture
def browser(stranger: Browser) -> Browser:
    stranger.log_in()
    return stranger
