"""The hub as a process on loopback, and a client that signs as a kiosk does."""

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

from sync.hub.devices.enrolment import make_code
from sync.hub.store.database import Database
from sync.keys import box_hex, public_hex
from sync.protocol import (
    Batch,
    Enrol,
    Enrolled,
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
    stranger = stranger_at(server)
    answer = stranger.call("POST", "/v1/enrol", enrolment(server.code(), stranger))
    enrolled = msgspec.json.decode(answer.content, type=Enrolled)
    return Client(server.url, stranger.key, enrolled.kiosk_id)


@pytest.fixture
def kiosk(client: Client) -> Kiosk:
    return Kiosk(client.key_id, "A")


def _serve(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kiosk", "hub", "serve", "--port", "0", "--json"]
    environment = os.environ | {"TONGJIE_HUB_DATABASE": url}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd()
    )


def stranger_at(server: Server) -> Client:
    key = Ed25519PrivateKey.generate()
    return Client(server.url, key, public_hex(key))


def enrolment(code: str, client: Client) -> Enrol:
    return Enrol(
        code=code,
        public_key=public_hex(client.key),
        box_key=box_hex(client.key),
        hostname="pi",
    )


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
