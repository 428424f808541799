"""Who may talk to the touchscreen's server."""

from __future__ import annotations

import socket

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.view import Action
from tests.integration.ui_world import app, client, desk, server
from tests.ui_client import BASE, form_of, get, post
from tests.ui_desk import ScriptedDesk, Touch
from ui.app import create_app
from ui.security import HEADERS
from ui.server import Server

__all__ = ["app", "client", "desk", "server"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1",
        "127.0.0.1:81",
        "localhost.:8080",
        "127.0.0.1:8080.evil.example",
        "[::1]:8080",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/touch", "/stream", "/healthz", "/none"])
def test_foreign_host_is_turned_away_before_any_route(
    client: FlaskClient, desk: ScriptedDesk, host: str, path: str
) -> None:
    form = form_of(client)

    answers = [
        client.get(path, base_url=BASE, headers={"Host": host}),
        client.post(path, base_url=BASE, headers={"Host": host}, data=form),
    ]

    assert [answer.status_code for answer in answers] == [421, 421]
    assert desk.asked == 0


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080"])
def test_own_addresses_are_served(client: FlaskClient, host: str) -> None:
    assert get(client, Host=host).status_code == 200


def test_request_without_a_host_is_turned_away(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(b"GET / HTTP/1.0\r\n\r\n")

        assert b" 421 " in line.makefile("rb").readline()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:8081"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_touch_from_another_page_is_refused(
    client: FlaskClient, desk: ScriptedDesk, headers: dict[str, str]
) -> None:
    answer = post(client, form_of(client), **headers)

    assert answer.status_code == 403
    assert desk.asked == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": BASE},
        {"Origin": BASE, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_touch_from_the_own_page_is_taken(
    client: FlaskClient, desk: ScriptedDesk, headers: dict[str, str]
) -> None:
    answer = post(client, form_of(client), **headers)

    assert answer.status_code == 303
    assert desk.touches == [Touch(Action.BORROW)]


def test_another_page_can_neither_read_the_screen_nor_hold_a_stream(
    client: FlaskClient,
) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}

    statuses = [get(client, path, **embedded).status_code for path in ("/", "/stream")]

    assert statuses == [403, 403]


def test_link_from_another_page_may_open_the_screen(client: FlaskClient) -> None:
    followed = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}

    assert get(client, "/", **followed).status_code == 200


@pytest.mark.parametrize("token", ["", "guess", "猜"])
def test_touch_without_the_token_of_the_page_is_refused(
    client: FlaskClient, desk: ScriptedDesk, token: str
) -> None:
    answer = post(client, form_of(client, csrf=token))

    assert answer.status_code == 403
    assert desk.asked == 0


def test_token_of_another_process_is_refused(
    client: FlaskClient, desk: ScriptedDesk
) -> None:
    before = form_of(create_app(ScriptedDesk()).test_client())

    assert post(client, before).status_code == 403
    assert desk.asked == 0


def test_touch_by_get_does_nothing(client: FlaskClient, desk: ScriptedDesk) -> None:
    answer = client.get("/touch", base_url=BASE, query_string=form_of(client))

    assert answer.status_code == 405
    assert desk.asked == 0


def test_every_route_carries_the_security_headers(
    app: Flask, client: FlaskClient
) -> None:
    paths = [rule.rule for rule in app.url_map.iter_rules()]
    paths = [path.replace("<path:filename>", "style.css") for path in paths]

    for path in [*paths, "/none"]:
        with get(client, path) as answer:
            headers = {name: answer.headers[name] for name in HEADERS}
            assert headers == HEADERS, path
            assert "Set-Cookie" not in answer.headers
            if not path.startswith("/static/"):
                assert answer.headers["Cache-Control"] == "no-store", path


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert HEADERS["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_unknown_page_goes_home_by_itself(client: FlaskClient) -> None:
    answer = get(client, "/none")

    assert answer.status_code == 404
    assert 'http-equiv="refresh"' in answer.text
