"""From the start of `tongjie run` to the first page a reader can use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from kiosk.config import load
from kiosk.demo.bench import Bench
from kiosk.demo.children import tongjie
from tests.bench.figures import Figure
from tests.bench.processes import free_port, minimal_command, running, wait_for_tile

AIM_S = 1.5


def measure(demo: Path, rounds: int) -> list[Figure]:
    """Start the kiosk that a demo left in its folder, and a minimal app, by turns.

    Its devices answer; its hub is gone, as at a power cut that took the network too.
    """
    config = demo / "kiosk.toml"
    port = load(config).ui.port
    kiosk, minimal = [], []
    bench = Bench(demo / "dev", [], [])
    bench.start()
    try:
        for _ in range(rounds):
            kiosk.append(_start_s(tongjie("run", "--config", str(config)), port))
            other = free_port()
            minimal.append(_start_s(minimal_command(other), other))
    finally:
        bench.stop()
    return [
        Figure(
            name="start to first page",
            unit="s",
            value=median(kiosk),
            beside="minimal Flask app",
            reference=median(minimal),
            aim=AIM_S,
            rounds=rounds,
            note=f"slowest {max(kiosk):.2f} s",
        )
    ]


def _start_s(command: Sequence[str], port: int) -> float:
    start = time.monotonic()
    with running(command):
        wait_for_tile(port)
        return time.monotonic() - start
