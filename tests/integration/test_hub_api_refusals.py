"""What the hub refuses, and how it says so."""

from __future__ import annotations

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.protocol import (
    Batch,
    Kind,
    chain_hash,
)
from sync.signing import NONCE_HEADER
from tests.integration.hub_server import (
    TIMEOUT_S,
    Client,
    Server,
    client,
    kiosk,
    now,
    server,
)
from tests.integration.hub_world import Kiosk

__all__ = ["client", "kiosk", "server"]


def test_request_without_nonce_has_no_effect(client: Client, kiosk: Kiosk) -> None:
    batch = Batch(events=(kiosk.event(Kind.SESSION_ENDED, now()),))

    answer = client.send(client.signed(client.request("POST", "/v1/events", batch)))

    assert (answer.status_code, answer.json()["error"]) == (401, "stale_nonce")
    assert NONCE_HEADER in answer.headers


@pytest.mark.fault("O45")
@pytest.mark.parametrize("spoil", ["body", "path", "query", "method", "unsigned"])
def test_altered_request_is_refused_without_a_nonce(client: Client, spoil: str) -> None:
    client.call("GET", "/v1/feed?cursor=0&limit=1")
    prepared = client.signed(client.request("POST", "/v1/events?x=1", Batch(events=())))
    match spoil:
        case "body":
            prepared.body = b'{"events": [] }'
            prepared.headers["Content-Length"] = str(len(prepared.body))
        case "path":
            prepared.url = client.url + "/v1/heartbeat?x=1"
        case "query":
            prepared.url = client.url + "/v1/events?x=2"
        case "method":
            prepared.method = "GET"
            prepared.url = client.url + "/v1/feed?x=1"
        case _:
            del prepared.headers["Signature"]

    with requests.Session() as session:
        answer = session.send(prepared, timeout=TIMEOUT_S)

    assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature")
    assert NONCE_HEADER not in answer.headers


@pytest.mark.fault("O45")
def test_another_kiosks_key_is_refused(server: Server, client: Client) -> None:
    impostor = Client(server.url, Ed25519PrivateKey.generate(), client.key_id)

    answer = impostor.call("GET", "/v1/feed?cursor=0&limit=1")

    assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature")


@pytest.mark.fault("O47")
def test_stranger_is_refused(server: Server) -> None:
    stranger = Client(server.url, Ed25519PrivateKey.generate(), "kiosk-9999")

    answer = stranger.call("GET", "/v1/feed?cursor=0&limit=1")

    assert (answer.status_code, answer.json()["error"]) == (401, "unknown_key")


def test_events_of_another_kiosk_are_refused(server: Server, client: Client) -> None:
    foreign = Kiosk("kiosk-0000", "B").lends("YL0002", server.refs["R1"], now())

    answer = client.push(foreign)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_conflict_alone_is_409(server: Server, client: Client, kiosk: Kiosk) -> None:
    loan = kiosk.lends("YL0003", server.refs["R1"], now())
    client.push(loan)
    forged = msgspec.structs.replace(loan, item="YL0004")
    forged = msgspec.structs.replace(forged, hash=chain_hash(forged))

    answer = client.push(forged)

    assert (answer.status_code, answer.json()["error"]) == (409, "id_conflict")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"events": 1}',
        b'{"events": [1]}',
        b'{"events": [{"seq": NaN}]}',
        b'{"events": [{"event_id": "\xff"}]}',
        b'{"events": [{"event_id": "\\ud800"}]}',
        b"[" * 100_000,
        b'{"events": [' + b'{"payload":' * 50_000,
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_unreadable_body_is_400(client: Client, body: bytes) -> None:
    client.call("GET", "/v1/feed?cursor=0&limit=1")
    request = client.request("POST", "/v1/events")
    request.data, request.headers = body, {"Content-Type": "application/json"}

    answer = client.send(client.signed(request))

    assert (answer.status_code, answer.json()["error"]) == (400, "malformed")


def test_body_beyond_the_limit_is_413(client: Client) -> None:
    client.call("GET", "/v1/feed?cursor=0&limit=1")
    request = client.request("POST", "/v1/events")
    request.data, request.headers = b"x" * (1 << 21), {"Content-Type": "text/plain"}

    answer = client.send(client.signed(request))

    assert answer.status_code == 413


def test_too_many_events_are_413(client: Client, kiosk: Kiosk) -> None:
    events = [kiosk.event(Kind.SESSION_ENDED, now()) for _ in range(201)]

    answer = client.push(*events)

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


@pytest.mark.parametrize(
    "query",
    ["cursor=-1", "cursor=x", "limit=0", "limit=1001", "cursor=" + "9" * 30, "run=x"],
)
def test_feed_with_a_bad_number_is_400(client: Client, query: str) -> None:
    assert client.call("GET", f"/v1/feed?{query}").status_code == 400


@pytest.mark.parametrize("query", ["cursor=1000000", "cursor=1&run=0123456789abcdef"])
def test_cursor_of_another_history_is_409(client: Client, query: str) -> None:
    answer = client.call("GET", f"/v1/feed?{query}&limit=1")

    assert (answer.status_code, answer.json()["error"]) == (409, "cursor_unknown")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/events", 405)],
)
def test_every_error_is_a_problem(
    server: Server, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, server.url + path, timeout=TIMEOUT_S)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert "error" in answer.json()
