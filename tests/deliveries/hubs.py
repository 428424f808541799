"""A county for deliveries: hub processes on loopback and enrolled kiosks."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from kiosk.domain.values import Title
from sync.agent.client import Signer
from sync.hub.county import catalogue, patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.keys import public_hex
from sync.protocol import Event, Kind
from tests.deliveries.proxy import Address
from tests.integration.hub_world import SITES, Kiosk, book, fresh_hub

_STOP_S = 20.0
#: Loans and returns of one item; a long history takes long to play again.
_MOVES_OF_ITEM = 8
_READERS = 50


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled kiosk: its key, and everything that its ledger holds."""

    signer: Signer
    events: tuple[Event, ...]

    def batches(self, size: int) -> list[tuple[Event, ...]]:
        starts = range(0, len(self.events), size)
        return [self.events[start : start + size] for start in starts]


class HubProcess:
    """`tongjie hub serve` on a port of its own; it may be killed and started again."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> Address:
        return ("127.0.0.1", self.port)

    def start(self) -> None:
        """Return once it can be called; always on the same port."""
        command = [sys.executable, "-m", "kiosk", "hub", "serve", "--json"]
        log = (self._folder / "hub.log").open("ab")
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            process_group=0,  # its workers are to die with it
            env=os.environ
            | {
                "TONGJIE_HUB_DATABASE": self._url,
                "TONGJIE_HUB_KEY": str(self._folder / "hub.key"),
            },
        )
        log.close()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.port = urlsplit(json.loads(line)["url"]).port or 0

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, how)
        self._process.communicate(timeout=_STOP_S)


@contextmanager
def served(url: str, folder: Path, count: int = 1) -> Iterator[list[HubProcess]]:
    """`count` hub processes on one database."""
    with ExitStack() as stack:
        hubs = [HubProcess(url, folder) for _ in range(count)]
        for hub in hubs:
            hub.start()
            stack.callback(hub.end)
        yield hubs


@contextmanager
def county(
    url: str, folder: Path, kiosks: int, events: int
) -> Iterator[tuple[Hub, list[Device]]]:
    """A new county at `url`, and kiosks with that many events each to deliver."""
    with fresh_hub(url, folder) as hub:
        readers = [PatronRecord(f"R{n}", "张建华", "ADULT") for n in range(_READERS)]
        per_kiosk = -(-events // _MOVES_OF_ITEM)
        barcodes = [f"D{k}-{n}" for k in range(kiosks) for n in range(per_kiosk)]
        with hub.database.writing() as conn:
            catalogue.put_sites(conn, SITES)
            catalogue.put_titles(conn, [Title("t1", "围城", "钱锺书")])
            patrons.put_patrons(conn, readers, {r.number: r.number for r in readers})
            for start in range(0, len(barcodes), 500):
                chunk = barcodes[start : start + 500]
                catalogue.put_items(conn, [book(barcode) for barcode in chunk])
        yield hub, [_device(hub, number, events) for number in range(kiosks)]


def _device(hub: Hub, number: int, events: int) -> Device:
    key, kiosk_id = Ed25519PrivateKey.generate(), f"K-{secrets.token_hex(4)}"
    row = {
        "kiosk_id": kiosk_id,
        "site_id": "A",
        "public_key": public_hex(key),
        "hostname": "",
        "state": "active",
        "enrolled_at": dt.datetime.now(dt.UTC),
    }
    with hub.database.writing() as conn:
        conn.execute(insert(schema.devices), [row])
    return Device(Signer(key, kiosk_id), tuple(_life(kiosk_id, number, events)))


def _life(kiosk_id: str, number: int, events: int) -> Iterator[Event]:
    """Loans and returns in turn, a minute apart, the last one a minute ago."""
    kiosk = Kiosk(kiosk_id, "A", boot_id=f"boot-{kiosk_id}")
    begun = dt.datetime.now(dt.UTC).replace(microsecond=0)
    begun -= dt.timedelta(seconds=events + 60)
    for at in range(events):
        when = begun + dt.timedelta(seconds=at)
        place, move = divmod(at, _MOVES_OF_ITEM)
        item = f"D{number}-{place}"
        if move % 2 == 0:
            yield kiosk.lends(item, f"p-{number}-{place}", when, payload=_LENT)
        else:
            yield kiosk.takes_back(item, when)


_LENT = {"due_on": None, "offline": True, "by": "barcode"}


def kinds(events: Sequence[Event], kind: Kind) -> set[str]:
    return {event.event_id for event in events if event.kind is kind}
