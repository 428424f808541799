"""The hub of the model: a real application on a SQLite file that may be put back."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Table, event, insert, select
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from kiosk.domain.values import Loan
from sync.hub.door import api
from sync.hub.door.app import create_app
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.rows import loan_value
from sync.hub.store.setup import Hub, open_hub
from sync.keys import public_hex
from sync.protocol import Event
from tests.integration.hub_world import fresh_hub, furnish

_START = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=30)
#: The two points of the county: kiosk id, site, and the seed of its key.
POINTS = (("K-A", "A"), ("K-B", "B"))
#: What one delivery more must not change.
_EFFECTS = (
    schema.events,
    schema.facts,
    schema.loans,
    schema.items,
    schema.feed,
    schema.kiosk_heads,
)


@dataclass(slots=True)
class TrueTime:
    """The one time of the model; every clock in it is right or wrong by this one."""

    seconds: float = 1000.0

    def now(self) -> dt.datetime:
        return _START + dt.timedelta(seconds=self.seconds)


class PowerCut(Exception):
    """The machine stops here; nothing that runs may take notice of it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the hub holds it."""

    event: Event
    hash: str


class ModelHub:
    """Starts, crashes, and goes back to an old copy of its database."""

    def __init__(self, folder: Path, time: TrueTime) -> None:
        shutil.copytree(_template(), folder)
        self.time = time
        self._folder = folder
        self.crashes_before_commit = False
        self._open()

    def call(self, environ: dict[str, Any]) -> Response:
        """Let the application answer one request, at the model's time."""
        with patch.object(api, "_now", self.time.now):
            content, status, headers = run_wsgi_app(self._app, environ, buffered=True)
            return Response(content, status, headers)

    def crash(self) -> None:
        """A new process takes over; all that counts is in the database."""
        self._hub.database.close()
        self._open()

    def copy(self) -> Path:
        """Back the database up."""
        self._hub.database.close()
        place = Path(mkdtemp(dir=self._folder.parent))
        shutil.copy(self._folder / "hub.db", place / "hub.db")
        return place

    def restore(self, copy: Path) -> None:
        self._hub.database.close()
        for path in self._folder.glob("hub.db*"):
            path.unlink()
        shutil.copy(copy / "hub.db", self._folder / "hub.db")
        self._open()

    def close(self) -> None:
        self._hub.database.close()

    @contextmanager
    def crashing_before_commit(self) -> Iterator[None]:
        self.crashes_before_commit = True
        yield
        self.crashes_before_commit = False

    def rows(self, table: Table) -> list[dict[str, Any]]:
        with self._hub.database.reading() as conn:
            return [dict(row) for row in conn.execute(select(table)).mappings()]

    def effects(self) -> list[tuple[str, list[str]]]:
        """All that deliveries have brought about, in a form to compare."""
        return [
            (table.name, sorted(repr(_lasting(row)) for row in self.rows(table)))
            for table in _EFFECTS
        ]

    def events(self) -> dict[str, Stored]:
        return {
            row["event_id"]: Stored(
                msgspec.json.decode(row["body"], type=Event), row["hash"]
            )
            for row in self.rows(schema.events)
        }

    def open_loans(self) -> dict[str, Loan]:
        with self._hub.database.reading() as conn:
            rows = conn.execute(
                select(schema.loans).where(schema.loans.c.returned_at.is_(None))
            ).mappings()
            return {row["item"]: loan_value(row) for row in rows}

    def patrons(self) -> list[dict[str, Any]]:
        return self.rows(schema.patrons)

    def reading(self) -> AbstractContextManager[Connection]:
        return self._hub.database.reading()

    @property
    def database(self) -> Database:
        return self._hub.database

    @property
    def key(self) -> str:
        return public_hex(self._hub.key)

    def _open(self) -> None:
        database = Database(f"sqlite:///{self._folder / 'hub.db'}")
        self._hub: Hub = open_hub(database, self._folder / "hub.key")
        self._app = create_app(self._hub)
        event.listen(database.engine, "commit", self._commit)

    def _commit(self, connection: Connection) -> None:
        if self.crashes_before_commit and not connection.get_execution_options().get(
            "hub_read_only"
        ):
            raise PowerCut


def device_key(kiosk_id: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(kiosk_id.encode().ljust(32, b"."))


@cache
def _template() -> Path:
    """A furnished county, made once and copied for each example."""
    folder = Path(mkdtemp(prefix="tongjie-model-"))
    with fresh_hub(f"sqlite:///{folder / 'hub.db'}", folder) as hub:
        furnish(hub)
        now = dt.datetime.now(dt.UTC)
        with hub.database.writing() as conn:
            for kiosk_id, site_id in POINTS:
                row = {
                    "kiosk_id": kiosk_id,
                    "site_id": site_id,
                    "public_key": public_hex(device_key(kiosk_id)),
                    "hostname": "",
                    "state": "active",
                    "enrolled_at": now,
                }
                conn.execute(insert(schema.devices), [row])
    return folder


def _lasting(row: dict[str, Any]) -> dict[str, Any]:
    """What says when the hub was called is no effect."""
    return {k: v for k, v in row.items() if k not in {"changed_at", "received_at"}}
