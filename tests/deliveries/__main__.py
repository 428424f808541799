"""`python -m tests.deliveries [--deliveries N] [--backend NAME]`: count the effects."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.deliveries.delivering import Figures, deliver
from tests.deliveries.hubs import county, served
from tests.postgres import postgres_server

#: Deliveries of an event that come of the schedule, seen over long runs.
PER_EVENT = 5
KIOSKS = 3
BACKENDS = ("sqlite", "postgresql")


def soak(deliveries: int, backend: str, seed: int = 1) -> Figures:
    """About that many deliveries to one SQLite hub or two hubs on a PostgreSQL."""
    events = max(deliveries // PER_EVENT // KIOSKS, 1)
    with TemporaryDirectory() as name, _database(backend, Path(name)) as url:
        folder, count = Path(name), 1 if backend == "sqlite" else 2
        with (
            county(url, folder, KIOSKS, events) as (hub, devices),
            served(url, folder, count) as hubs,
        ):
            addresses = [one.address for one in hubs]
            return deliver(hub, addresses, devices, seed=seed)


@contextmanager
def _database(backend: str, folder: Path) -> Iterator[str]:
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'hub.db'}"
        return
    with postgres_server() as server, server.database() as url:
        yield url


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    given = parser.parse_args()
    failed = False
    for backend in given.backend or BACKENDS:
        figures = soak(given.deliveries, backend)
        print(f"{backend}: {figures.summary}", flush=True)  # noqa: T201  (its output)
        failed |= bool(figures.faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
