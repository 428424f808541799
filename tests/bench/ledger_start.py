"""Starting with a backlog: the ledger alone, and the whole kiosk."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from statistics import median

from kiosk.config import load
from kiosk.demo.bench import Bench
from kiosk.demo.children import tongjie
from kiosk.identity import load_identity
from kiosk.store.ledger import SqliteLedger
from tests.bench.figures import Figure
from tests.bench.folders import new_folder
from tests.bench.ledger_backlog import EVENTS, fill
from tests.bench.lending_point import KIOSK, lending_point
from tests.bench.processes import pss_mb, running, wait_for_tile

STARTS = 7
AIM_S = 1.5
AIM_RATIO = 1.5
_OPEN = """
import sys
from pathlib import Path
from kiosk.store.ledger import SqliteLedger
ledger = SqliteLedger(Path(sys.argv[1]), sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
ledger.close()
"""
#: Seconds from the start of a process on, and the megabytes that it weighs then.
Start = tuple[float, float]


def measure(
    full: Path, demo: Path, events: int = EVENTS, starts: int = STARTS
) -> list[Figure]:
    """`full`: a folder with a full ledger; `demo`: one whose ledger is filled here."""
    return _ledger_starts(full, starts, events) + _page_starts(demo, starts, events)


def _ledger_starts(folder: Path, starts: int, events: int) -> list[Figure]:
    """Processes that only open a ledger: the full one and a new one by turns."""
    full, empty = folder / "ledger.db", new_folder(folder, "empty") / "ledger.db"
    with closing(SqliteLedger(empty, KIOSK)):
        pass
    taken: dict[Path, list[Start]] = {empty: [], full: []}
    for _ in range(starts):
        for path, pairs in taken.items():
            pairs.append(_open(path))
    return _start_figures("ledger ready", taken[full], taken[empty], events)


def _open(path: Path) -> Start:
    """Seconds to a ledger that is ready, and the memory its process has then."""
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", _OPEN, str(path), KIOSK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        ready_s = time.monotonic() - start
        weight = pss_mb(process.pid)
        process.communicate()
    return ready_s, weight


def _page_starts(demo: Path, starts: int, events: int) -> list[Figure]:
    """The whole kiosk, with what the demo left in its ledger and with the backlog."""
    bench = Bench(demo / "dev", [], [])
    bench.start()
    try:
        few = [_first_page(demo) for _ in range(starts)]
        _fill_demo(demo, events)
        many = [_first_page(demo) for _ in range(starts)]
    finally:
        bench.stop()
    return _start_figures("first page", many, few, events)


def _first_page(demo: Path) -> Start:
    config = demo / "kiosk.toml"
    start = time.monotonic()
    with running(tongjie("run", "--config", str(config))) as process:
        wait_for_tile(load(config).ui.port)
        return time.monotonic() - start, pss_mb(process.pid)


def _fill_demo(demo: Path, events: int) -> None:
    data = load(demo / "kiosk.toml").folder
    identity = load_identity(data)
    assert identity is not None
    with (
        lending_point(new_folder(demo, "drafts"), 1) as point,
        closing(SqliteLedger(data / "ledger.db", identity.kiosk_id)) as ledger,
    ):
        deque(fill(point, ledger, events), maxlen=0)


def _start_figures(
    until: str,
    many: list[Start],
    few: list[Start],
    events: int,
) -> list[Figure]:
    (many_s, many_mb), (few_s, few_mb) = (
        [median(column) for column in zip(*pairs, strict=True)] for pairs in (many, few)
    )
    start = Figure(
        name=f"start to {until}, backlog",
        unit="s",
        value=many_s,
        beside="nothing unsent",
        reference=few_s,
        aim=AIM_RATIO,
        aim_is_ratio=True,
        rounds=len(many),
        note=f"{events} events unsent; slowest {max(many)[0]:.2f} s",
    )
    alone = Figure(
        name=f"start to {until}, backlog alone",
        unit="s",
        value=many_s,
        aim=AIM_S,
        rounds=len(many),
    )
    memory = Figure(
        name=f"PSS at {until}, backlog",
        unit="MB",
        value=many_mb,
        beside="nothing unsent",
        reference=few_mb,
        rounds=len(many),
    )
    return [start, alone, memory]
