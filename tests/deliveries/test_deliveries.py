"""Thousands of deliveries to real hub processes, over lines that break at every step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waitress.server import create_server

from sync.hub.door.app import create_app
from sync.hub.store.setup import Hub
from tests.deliveries.delivering import Figures, deliver
from tests.deliveries.hubs import county, served
from tests.deliveries.proxy import Address, Cut
from tests.model.broken import hub_that_forgets_what_it_stored
from tests.postgres import Postgres


@pytest.mark.fault("O14", "O17", "O20")
def test_one_sqlite_hub_counts_each_of_many_deliveries_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"

    with (
        county(url, tmp_path, 2, 600) as (hub, devices),
        served(url, tmp_path) as hubs,
    ):
        figures = deliver(hub, [hubs[0].address], devices, seed=7, batch=20)

    assert figures.faults == []
    assert figures.deliveries > 3 * figures.events
    assert set(figures.cuts) >= set(Cut) - {Cut.HALF_OPEN}


@pytest.mark.fault("O14", "O17")
def test_two_hubs_on_one_postgresql_count_each_delivery_once(
    tmp_path: Path, postgres: Postgres
) -> None:
    with (
        postgres.database() as url,
        county(url, tmp_path, 2, 300) as (hub, devices),
        served(url, tmp_path, 2) as hubs,
    ):
        addresses = [one.address for one in hubs]
        figures = deliver(hub, addresses, devices, seed=8, batch=20)

    assert figures.faults == []
    assert figures.deliveries > 3 * figures.events


def test_a_hub_that_forgets_what_it_stored_is_found_out(tmp_path: Path) -> None:
    assert figures_of_a_forgetful_hub(tmp_path).faults


def figures_of_a_forgetful_hub(folder: Path) -> Figures:
    """The positive control, of long runs as well."""
    url = f"sqlite:///{folder / 'forgetful.db'}"
    with (
        hub_that_forgets_what_it_stored(),
        county(url, folder, 1, 40) as (hub, devices),
        _served_here(hub) as address,
    ):
        return deliver(hub, [address], devices, seed=9, batch=10)


@contextmanager
def _served_here(hub: Hub) -> Iterator[Address]:
    """The hub in this process, so that a part of it can be broken."""
    server = create_server(create_app(hub), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, name="hub")
    thread.start()
    try:
        yield ("127.0.0.1", int(server.effective_port))
    finally:
        server.trigger.pull_trigger(server.close)
        thread.join()
