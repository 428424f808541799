"""Signed batches over HTTP into a hub on PostgreSQL, beside bare COPY of the same rows.

One connection sends one batch after the other to one worker process, so nothing is
in line: what is measured is all that a batch takes. Both sides wait for the disk at
every commit. Signing is the kiosks' work and done before. The hub has worked before:
as many events are taken in unmeasured, and the database knows its tables.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import make_url

from sync.signing import NONCE_HEADER
from tests.bench.figures import Figure
from tests.bench.hub_load import READERS, TIMEOUT_S, Point, furnished, served
from tests.bench.ingest import BATCHES, ITEMS, KIOSKS, in_turns, recorded, site_of
from tests.integration.hub_world import Kiosk
from tests.postgres import Missing, postgres_server

EVENTS = 4000
#: How much of the pace of COPY the hub shall keep, by events in a batch.
AIMS = {50: 0.45, 200: 0.35}
#: How much faster a batch shall be answered that was applied before.
REPEAT_AIM = 2.0
#: What is left of a batch once it is applied.
_TABLES = ("events", "facts", "loans")


@dataclass(frozen=True, slots=True)
class Paces:
    """Events a second, by the clock on the wall."""

    applied: float
    repeated: float
    copied: float


def measure(folder: Path, events: int = EVENTS) -> list[Figure]:
    figures = []
    for size in BATCHES:
        try:
            with postgres_server(fsync=True) as server, server.database() as url:
                figures += _figures(paces(url, folder, events, size), events, size)
        except Missing as err:
            missing = _figures(Paces(0, 0, 0), events, size)
            figures += [msgspec.structs.replace(one, note=str(err)) for one in missing]
    return figures


def names() -> set[str]:
    return {
        name
        for size in BATCHES
        for name in (_name("taken in", size), _name("repeated", size))
    }


def paces(url: str, folder: Path, events: int, size: int) -> Paces:
    points = {f"p{at}": _point(f"p{at}") for at in range(KIOSKS)}
    items = [f"book-{number}" for number in range(ITEMS)]
    furnished(url, folder, list(points.values()), items)
    batches = list(in_turns(recorded(READERS, 2 * events), size))
    half = len(batches) // 2
    with served(url, folder) as (_process, address), _line(address) as line:
        for point in points.values():
            point.nonce = line.nonce_for(point.wire(address, batches[0][:1]))
        sent = [points[batch[0].kiosk_id].wire(address, batch) for batch in batches]
        _timed(line, sent[:half])
        _analyse(url)
        applied_s = _timed(line, sent[half:])
        repeated_s = _timed(line, sent[half:])
    copied_s = _copied_s(url, len(batches))
    measured = sum(map(len, batches[half:]))
    return Paces(measured / applied_s, measured / repeated_s, 2 * events / copied_s)


class _Line:
    """One connection that stays open, as an agent's does."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers = connection.makefile("rb")

    def status(self, request: bytes) -> int:
        status, _headers = self._exchange(request)
        return status

    def nonce_for(self, request: bytes) -> str:
        """What the hub tells a kiosk that comes without one."""
        _status, headers = self._exchange(request)
        return headers[NONCE_HEADER.lower()]

    def _exchange(self, request: bytes) -> tuple[int, dict[str, str]]:
        self._connection.sendall(request)
        status = int(self._answers.readline().split()[1])
        headers = {}
        while line := self._answers.readline().decode("latin-1").strip():
            name, value = line.split(": ", 1)
            headers[name.lower()] = value
        self._answers.read(int(headers["content-length"]))
        return status, headers


@contextmanager
def _line(address: str) -> Iterator[_Line]:
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), TIMEOUT_S) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield _Line(opened)


def _timed(line: _Line, requests: Sequence[bytes]) -> float:
    started_s = time.monotonic()
    statuses = {line.status(one) for one in requests}
    took_s = time.monotonic() - started_s
    if statuses != {200}:
        raise RuntimeError(f"the hub did not take all batches: {statuses}")
    return took_s


def _connected(url: str) -> psycopg.Connection:
    where = make_url(url).set(drivername="postgresql")
    return psycopg.connect(where.render_as_string(hide_password=False))


def _analyse(url: str) -> None:
    """What the server does by itself within a minute or so."""
    with _connected(url) as conn:
        conn.execute("ANALYZE")


def _copied_s(url: str, batches: int) -> float:
    """The rows that were left behind, copied in as many transactions."""
    with _connected(url) as conn:
        rows = {table: list(_rows(conn, table)) for table in _TABLES}
        conn.commit()
        shares = {table: list(_shares(rows[table], batches)) for table in _TABLES}
        started_s = time.monotonic()
        for number in range(batches):
            with conn.transaction():
                for table in _TABLES:
                    _copy(conn, table, shares[table][number])
        return time.monotonic() - started_s


def _rows(conn: psycopg.Connection, table: str) -> Iterator[bytes]:
    """Take all rows out, as COPY has them; the table is as it was when new."""
    with conn.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
        yield from map(bytes, copy)
    conn.execute(f"TRUNCATE {table}".encode())


def _shares(rows: Sequence[bytes], count: int) -> Iterator[bytes]:
    ends = [len(rows) * number // count for number in range(count + 1)]
    for first, end in pairwise(ends):
        yield b"".join(rows[first:end])


def _copy(conn: psycopg.Connection, table: str, rows: bytes) -> None:
    with conn.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
        copy.write(rows)


def _point(kiosk_id: str) -> Point:
    return Point(Kiosk(kiosk_id, site_of(kiosk_id)), Ed25519PrivateKey.generate())


def _name(what: str, size: int) -> str:
    return f"{what} over HTTP, batches of {size}, PostgreSQL"


def _figures(paces: Paces, events: int, size: int) -> list[Figure]:
    pairs = (
        ("taken in", paces.applied, "COPY", paces.copied, AIMS[size]),
        ("repeated", paces.repeated, "taken in", paces.applied, REPEAT_AIM),
    )
    return [
        Figure(
            name=_name(what, size),
            unit="events/s",
            value=value,
            rounds=events,
            beside=beside,
            reference=reference,
            aim=aim,
            aim_is_ratio=True,
            at_least=True,
        )
        for what, value, beside, reference, aim in pairs
    ]
