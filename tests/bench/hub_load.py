"""A hub process with many enrolled kiosks, and what stands for them: signed requests."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from kiosk.domain.values import PatronState, Title
from sync.agent.backoff import backoff_s, slot_s
from sync.hub.county import catalogue
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.keys import public_hex
from sync.protocol import Batch, Event, Heard
from sync.retry_after import retry_after_s
from sync.signing import NONCE_HEADER, sign
from tests.integration.hub_world import NOON, Kiosk, book, fresh_hub, furnish

#: As an agent has it by default: of one read, of a whole exchange, between polls.
TIMEOUT_S = 10.0
EXCHANGE_S = 3 * TIMEOUT_S
POLL_S = 15.0
#: Readers whom the hub knows, and one whom it doesn't.
READERS = tuple(f"reader-{number}" for number in range(300))
PATRON = "somebody"


@dataclass
class Point:
    """A kiosk as the hub sees it: a key and a ledger."""

    kiosk: Kiosk
    key: Ed25519PrivateKey
    nonce: str | None = None

    @property
    def reader(self) -> str:
        """Somebody of this village."""
        return f"reader-of-{self.kiosk.kiosk_id}"

    def wire(self, url: str, events: Sequence[Event]) -> bytes:
        """A signed push, as bytes to send; whoever holds a nonce met the hub just now."""
        created = dt.datetime.now(dt.UTC)
        sent = self.kiosk.clocks(created)
        if self.nonce is not None:
            heard = Heard(hub_time=created, monotonic_ns=sent.monotonic_ns)
            sent = msgspec.structs.replace(sent, heard=heard)
        body = msgspec.json.encode(Batch(events=tuple(events), sent=sent))
        headers = {"Content-Type": "application/json", "Host": urlsplit(url).netloc}
        request = requests.Request("POST", url + "/v1/events", headers, data=body)
        prepared = request.prepare()
        sign(prepared, self.key, self.kiosk.kiosk_id, self.nonce, created)
        lines = [f"{name}: {value}" for name, value in prepared.headers.items()]
        head = "\r\n".join(["POST /v1/events HTTP/1.1", *lines, "", ""])
        return head.encode("latin-1") + body


@dataclass
class Tally:
    """What happened to the requests of many kiosks; times on the loop's clock."""

    statuses: Counter[str] = field(default_factory=Counter)
    sent_s: list[float] = field(default_factory=list)
    served_s: list[float] = field(default_factory=list)

    @property
    def requests_per_success(self) -> float:
        return len(self.sent_s) / max(len(self.served_s), 1)


@contextmanager
def hub_process(
    folder: Path, points: Sequence[Point], items: Sequence[str]
) -> Iterator[str]:
    """A hub that knows these kiosks and books; gives its address."""
    url = f"sqlite:///{folder / 'hub.db'}"
    furnished(url, folder, points, items)
    with served(url, folder) as (_process, address):
        yield address


def furnished(
    url: str, folder: Path, points: Sequence[Point], items: Sequence[str]
) -> None:
    """Make a hub's database with these kiosks and books; its key lies in `folder`."""
    with fresh_hub(url, folder) as hub:
        _enrol(hub, points, items)


@contextmanager
def served(
    url: str, folder: Path, workers: int = 1
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`tongjie hub serve` on that database, and its address; ended in order."""
    command = [sys.executable, "-m", "kiosk", "hub", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--workers", str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ
        | {"TONGJIE_HUB_DATABASE": url, "TONGJIE_HUB_KEY": str(folder / "hub.key")},
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def points(count: int, prefix: str) -> list[Point]:
    return [
        Point(Kiosk(f"{prefix}{number}", "A"), Ed25519PrivateKey.generate())
        for number in range(count)
    ]


async def push(url: str, point: Point, events: Sequence[Event], tally: Tally) -> None:
    """Push until the hub has taken the events, by the rules of an agent."""
    loop, failures = asyncio.get_running_loop(), 0
    wire = point.wire(url, events)
    while True:
        tally.sent_s.append(loop.time())
        answer = await _exchange(url, wire)
        tally.statuses[answer.status] += 1
        if answer.status == "200":
            tally.served_s.append(loop.time())
            point.nonce = answer.headers.get(NONCE_HEADER.lower())
            return
        renewed = answer.status == "401" and NONCE_HEADER.lower() in answer.headers
        failures += not renewed
        if not renewed:
            await asyncio.sleep(_pause_s(answer, failures))
        point.nonce = answer.headers.get(NONCE_HEADER.lower(), point.nonce)
        wire = point.wire(url, events)


@dataclass(frozen=True)
class _Answer:
    """`status` is the word "away" if none came."""

    status: str
    headers: dict[str, str] = field(default_factory=dict)


async def _exchange(url: str, wire: bytes) -> _Answer:
    try:
        async with asyncio.timeout(EXCHANGE_S):
            return await _talk(url, wire)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return _Answer("away")


async def _talk(url: str, wire: bytes) -> _Answer:
    """One request on a connection of its own."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(wire)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        await reader.readexactly(int(headers.get("content-length", "0")))
    finally:
        writer.close()
    return _Answer(head[0].split()[1], headers)


def _pause_s(answer: _Answer, failures: int) -> float:
    slot = retry_after_s(answer.headers.get("retry-after"), answer.headers.get("date"))
    if slot is not None:
        return slot_s(slot, random.random())
    cap_s = POLL_S if answer.status == "away" else 900.0
    return backoff_s(failures, random.random(), cap_s)


def _enrol(hub: Hub, kiosks: Sequence[Point], items: Sequence[str]) -> None:
    furnish(hub)
    rows = [
        {
            "kiosk_id": one.kiosk.kiosk_id,
            "site_id": one.kiosk.site_id,
            "public_key": public_hex(one.key),
            "hostname": "",
            "state": "active",
            "enrolled_at": NOON,
        }
        for one in kiosks
    ]
    readers = (*READERS, *(one.reader for one in kiosks))
    with hub.database.writing() as conn:
        conn.execute(insert(schema.devices), rows)
        conn.execute(insert(schema.patrons), [_reader(ref) for ref in readers])
        catalogue.put_titles(conn, [Title("t1", "围城", "钱锺书")])
        catalogue.put_items(conn, [book(barcode) for barcode in items])


def _reader(patron_ref: str) -> dict[str, object]:
    return {
        "patron_ref": patron_ref,
        "number": patron_ref,
        "name": "张",
        "patron_type": "ADULT",
        "state": PatronState.VALID.value,
        "phone": "",
    }
