"""Hub and database die while they work; an event counts whole or not at all."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from sync.agent.client import HubClient
from sync.agent.errors import HubError
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.protocol import Event
from tests.deliveries.delivering import TIMEOUT_S, faults_of
from tests.deliveries.hubs import Device, HubProcess, county, served
from tests.postgres import Postgres, postgres_server
from tests.waiting import eventually

BATCH = 25
EVENTS = 500
KILLS = 4
#: Kills fall somewhere inside this time after the hub can be called again.
SOON_S = 0.6
#: A kiosk that gets no answer comes again; here without the back-off of the agent.
PATIENCE_S = 90.0


@pytest.mark.fault("O18")
def test_a_killed_sqlite_hub_has_each_event_whole_or_not_at_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"

    with (
        county(url, tmp_path, 1, EVENTS) as (hub, devices),
        served(url, tmp_path) as hubs,
    ):
        _under_load(hub, devices[0], hubs[0], lambda: _kill(hubs[0]))


@pytest.mark.fault("O18")
def test_a_killed_hub_on_postgresql_has_each_event_whole_or_not_at_all(
    tmp_path: Path, postgres: Postgres
) -> None:
    with (
        postgres.database() as url,
        county(url, tmp_path, 1, EVENTS) as (hub, devices),
        served(url, tmp_path) as hubs,
    ):
        _under_load(hub, devices[0], hubs[0], lambda: _kill(hubs[0]))


@pytest.mark.fault("O18")
def test_a_postgresql_that_crashes_under_load_loses_nothing(
    tmp_path: Path, postgres: Postgres
) -> None:
    del postgres  # it skips where there is none; the one that crashes is another
    with (
        postgres_server(fsync=True) as server,
        server.database() as url,
        county(url, tmp_path, 1, EVENTS) as (hub, devices),
        served(url, tmp_path) as hubs,
    ):

        def crash() -> None:
            server.stop(signal.SIGQUIT)
            server.start()

        _under_load(hub, devices[0], hubs[0], crash)


def _under_load(
    hub: Hub, device: Device, process: HubProcess, disaster: Callable[[], None]
) -> None:
    """Push everything while disasters happen; look at the database after each."""
    kiosk = threading.Thread(target=_push_all, args=[process, device])
    chance = random.Random(len(device.events))
    kiosk.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, SOON_S))
        disaster()
        _no_half_event(hub, device)
    kiosk.join()
    assert faults_of(hub, [device]) == []


def _kill(process: HubProcess) -> None:
    process.end(signal.SIGKILL)
    process.start()


def _push_all(process: HubProcess, device: Device) -> None:
    url = f"http://127.0.0.1:{process.port}"
    client = HubClient(url, device.signer, TIMEOUT_S)
    for batch in device.batches(BATCH):
        eventually(
            partial(_pushed, client, batch), "the kiosk gets through", PATIENCE_S
        )
    client.close()


def _pushed(client: HubClient, batch: tuple[Event, ...]) -> bool:
    try:
        client.push(batch)
    except HubError:
        return False
    return True


def _no_half_event(hub: Hub, device: Device) -> None:
    """What is stored has its verdict and its effect, and is the beginning of all."""
    events = schema.events.c
    with hub.database.reading() as conn:
        rows = conn.execute(select(events.event_id, events.verdict)).all()
        facts = set(conn.execute(select(schema.facts.c.fact_id)).scalars())
    held = {row.event_id for row in rows}
    assert all(row.verdict for row in rows)
    assert facts == held
    assert held == {event.event_id for event in device.events[: len(held)]}
