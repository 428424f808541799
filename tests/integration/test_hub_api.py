"""The hub as a process on loopback, called with really signed requests."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from sqlalchemy import select

from sync.hub import schema
from sync.hub.database import Database
from sync.hub.devices import revoke
from sync.hub.enrolment import make_code
from sync.keys import public_hex
from sync.protocol import (
    Batch,
    BatchAnswer,
    Enrol,
    Enrolled,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Kind,
    Outcome,
    chain_hash,
)
from sync.signing import NONCE_HEADER, sign
from tests.integration.hub_world import NOON, Kiosk, fresh_hub, furnish

TIMEOUT_S = 10


@dataclass
class Server:
    """`tongjie hub serve` as a process, and its database from outside."""

    url: str
    database: Database
    refs: dict[str, str]

    def code(self) -> str:
        with self.database.writing() as conn:
            return make_code(conn, "A", dt.datetime.now(dt.UTC))


@dataclass
class Client:
    """Signs requests as a kiosk does, and lets a test spoil them."""

    url: str
    key: Ed25519PrivateKey
    key_id: str
    nonce: str | None = None

    def request(self, method: str, path: str, body: object = None) -> requests.Request:
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if data is None else {"Content-Type": "application/json"}
        return requests.Request(method, self.url + path, headers=headers, data=data)

    def signed(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = request.prepare()
        sign(prepared, self.key, self.key_id, self.nonce, NOON)
        return prepared

    def send(self, prepared: requests.PreparedRequest) -> requests.Response:
        with requests.Session() as session:
            answer = session.send(prepared, timeout=TIMEOUT_S)
        self.nonce = answer.headers.get(NONCE_HEADER, self.nonce)
        return answer

    def call(self, method: str, path: str, body: object = None) -> requests.Response:
        """As a kiosk does: once more with a fresh nonce."""
        answer = self.send(self.signed(self.request(method, path, body)))
        if answer.status_code == 401 and NONCE_HEADER in answer.headers:
            answer = self.send(self.signed(self.request(method, path, body)))
        return answer

    def push(self, *events: Any) -> requests.Response:
        return self.call("POST", "/v1/events", Batch(events=events))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hub")
    url = f"sqlite:///{folder / 'hub.db'}"
    with fresh_hub(url, folder) as hub:
        county = furnish(hub)
        with _serve(url) as process:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["url"]
            yield Server(address, hub.database, county.refs)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=TIMEOUT_S) == 0


@pytest.fixture
def client(server: Server) -> Client:
    """A newly enrolled kiosk at A."""
    stranger = _stranger(server)
    answer = stranger.call("POST", "/v1/enrol", _enrol(server.code(), stranger))
    enrolled = msgspec.json.decode(answer.content, type=Enrolled)
    return Client(server.url, stranger.key, enrolled.kiosk_id)


@pytest.fixture
def kiosk(client: Client) -> Kiosk:
    return Kiosk(client.key_id, "A")


def test_healthz_answers_anybody(server: Server) -> None:
    assert requests.get(server.url + "/healthz", timeout=TIMEOUT_S).status_code == 200


def test_enrolment_gives_name_site_and_hub_key(server: Server) -> None:
    stranger = _stranger(server)

    answer = stranger.call("POST", "/v1/enrol", _enrol(server.code(), stranger))

    enrolled = msgspec.json.decode(answer.content, type=Enrolled)
    assert answer.status_code == 200
    assert enrolled.site_id == "A"
    assert len(enrolled.hub_key) == 64


def test_bad_code_is_forbidden(server: Server) -> None:
    stranger = _stranger(server)

    answer = stranger.call("POST", "/v1/enrol", _enrol("0000-0000", stranger))

    assert (answer.status_code, answer.json()["error"]) == (403, "bad_code")


def test_key_that_is_not_the_signing_one_is_not_enrolled(server: Server) -> None:
    stranger, other = _stranger(server), _stranger(server)

    answer = stranger.call("POST", "/v1/enrol", _enrol(server.code(), other))

    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{}, {"code": "0000-0000", "public_key": "00"}])
def test_malformed_enrolment_gets_the_next_nonce(server: Server, body: Any) -> None:
    answer = _stranger(server).call("POST", "/v1/enrol", body)

    assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
    assert NONCE_HEADER in answer.headers


def test_enrolled_key_is_refused_another_code(server: Server, client: Client) -> None:
    again = Client(server.url, client.key, public_hex(client.key))

    answer = again.call("POST", "/v1/enrol", _enrol(server.code(), again))

    assert (answer.status_code, answer.json()["error"]) == (409, "key_in_use")


def test_loan_is_accepted_and_comes_back_in_the_feed(
    server: Server, client: Client, kiosk: Kiosk
) -> None:
    loan = kiosk.lends("YL0001", server.refs["R1"], _now())

    answer = msgspec.json.decode(client.push(loan).content, type=BatchAnswer)
    cursor = answer.verdicts[0].feed_version - 1
    feed = client.call("GET", f"/v1/feed?cursor={cursor}&limit=1000")

    page = msgspec.json.decode(feed.content, type=FeedPage)
    assert answer.acked_through is not None
    assert answer.acked_through.hash == loan.hash
    assert page.cursor >= answer.verdicts[0].feed_version
    assert page.changes


def test_heartbeat_tells_what_the_hub_holds(client: Client, kiosk: Kiosk) -> None:
    event = kiosk.event(Kind.SESSION_ENDED, _now())
    client.push(event)

    beat = Heartbeat(version="26.11.0", pending=0, epoch="e1", seq=1)
    raw = client.call("POST", "/v1/heartbeat", beat)

    answer = msgspec.json.decode(raw.content, type=HeartbeatAnswer)
    assert answer.acked_through is not None
    assert (answer.acked_through.seq, answer.acked_through.hash) == (1, event.hash)


def test_request_without_nonce_has_no_effect(client: Client, kiosk: Kiosk) -> None:
    batch = Batch(events=(kiosk.event(Kind.SESSION_ENDED, _now()),))

    answer = client.send(client.signed(client.request("POST", "/v1/events", batch)))

    assert (answer.status_code, answer.json()["error"]) == (401, "stale_nonce")
    assert NONCE_HEADER in answer.headers


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


def test_another_kiosks_key_is_refused(server: Server, client: Client) -> None:
    impostor = Client(server.url, Ed25519PrivateKey.generate(), client.key_id)

    answer = impostor.call("GET", "/v1/feed?cursor=0&limit=1")

    assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature")


def test_stranger_is_refused(server: Server) -> None:
    stranger = Client(server.url, Ed25519PrivateKey.generate(), "kiosk-9999")

    answer = stranger.call("GET", "/v1/feed?cursor=0&limit=1")

    assert (answer.status_code, answer.json()["error"]) == (401, "unknown_key")


def test_events_of_another_kiosk_are_refused(server: Server, client: Client) -> None:
    foreign = Kiosk("kiosk-0000", "B").lends("YL0002", server.refs["R1"], _now())

    answer = client.push(foreign)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_conflict_alone_is_409(server: Server, client: Client, kiosk: Kiosk) -> None:
    loan = kiosk.lends("YL0003", server.refs["R1"], _now())
    client.push(loan)
    forged = msgspec.structs.replace(loan, item="YL0004")
    forged = msgspec.structs.replace(forged, hash=chain_hash(forged))

    answer = client.push(forged)

    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


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
    events = [kiosk.event(Kind.SESSION_ENDED, _now()) for _ in range(201)]

    answer = client.push(*events)

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


@pytest.mark.parametrize(
    "query", ["cursor=-1", "cursor=x", "limit=0", "limit=1001", "cursor=" + "9" * 30]
)
def test_feed_with_a_bad_number_is_400(client: Client, query: str) -> None:
    assert client.call("GET", f"/v1/feed?{query}").status_code == 400


def test_cursor_ahead_is_409(client: Client) -> None:
    answer = client.call("GET", "/v1/feed?cursor=1000000&limit=1")

    assert (answer.status_code, answer.json()["error"]) == (409, "cursor_ahead")


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


def test_revoked_device_hands_over_facts_but_borrows_nothing(
    server: Server, client: Client, kiosk: Kiosk
) -> None:
    with server.database.writing() as conn:
        revoke(conn, client.key_id)
    back = kiosk.takes_back("YL0005", _now())
    ask = kiosk.asks("YL0005", server.refs["R1"], _now())

    answer = msgspec.json.decode(client.push(back, ask).content, type=BatchAnswer)
    feed = client.call("GET", "/v1/feed?cursor=0&limit=1")

    assert [verdict.outcome for verdict in answer.verdicts] == [
        Outcome.NEEDS_STAFF,
        Outcome.REFUSED,
    ]
    assert (feed.status_code, feed.json()["error"]) == (403, "revoked")


def test_revoked_device_is_told_that_an_event_is_kept_only_if_it_is(
    server: Server, client: Client, kiosk: Kiosk
) -> None:
    with server.database.writing() as conn:
        revoke(conn, client.key_id)
    first = kiosk.takes_back("YL0008", _now())
    other = replace(first, item="YL0009")
    other = replace(other, hash=chain_hash(other))
    torn = replace(kiosk.takes_back("YL0010", _now()), hash="0" * 64)

    answer = client.push(first, first, other, torn)

    verdicts = msgspec.json.decode(answer.content, type=BatchAnswer).verdicts
    assert [(verdict.outcome, verdict.reason) for verdict in verdicts] == [
        (Outcome.NEEDS_STAFF, "revoked_device"),
        (Outcome.NEEDS_STAFF, "revoked_device"),
        (Outcome.REFUSED, "conflict"),
        (Outcome.REFUSED, "invalid"),
    ]
    with server.database.reading() as conn:
        kept = conn.execute(select(schema.quarantine.c.body)).scalars().all()
    items = [json.loads(body)["item"] for body in kept]
    assert [item for item in items if item > "YL0007"] == ["YL0008"]


def test_replayed_batch_gets_the_same_answer(client: Client, kiosk: Kiosk) -> None:
    client.call("GET", "/v1/feed?cursor=0&limit=1")
    batch = Batch(events=(kiosk.takes_back("YL0006", _now()),))
    prepared = client.signed(client.request("POST", "/v1/events", batch))

    first, second = client.send(prepared), client.send(prepared)

    answers = [
        msgspec.json.decode(each.content, type=BatchAnswer) for each in (first, second)
    ]
    assert answers[0].verdicts == answers[1].verdicts


def _serve(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kiosk", "hub", "serve", "--port", "0", "--json"]
    environment = os.environ | {"TONGJIE_HUB_DATABASE": url}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd()
    )


def _stranger(server: Server) -> Client:
    key = Ed25519PrivateKey.generate()
    return Client(server.url, key, public_hex(key))


def _enrol(code: str, client: Client) -> Enrol:
    return Enrol(code=code, public_key=public_hex(client.key), hostname="pi")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
