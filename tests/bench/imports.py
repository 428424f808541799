"""How many records a second an import takes in, and the memory it needs for them.

Each file goes through `tongjie hub import` in a process of its own, once whole and
once a quarter of it: memory that grows with the file would show.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kiosk.domain.values import Site
from sync.hub.county import catalogue
from tests.bench import county_files
from tests.bench.figures import Figure
from tests.bench.folders import new_folder
from tests.integration.hub_world import fresh_hub
from tests.postgres import Missing, postgres_server

ITEMS = 50_000
ITEMS_A_PATRON = 25
#: Four times the file may take this much more memory.
AIM_MEMORY = 1.2
#: The import, and then what memory it took: the system's own figure for a child
#: process begins with that of its parent.
_PROGRAM = """
import sys
from pathlib import Path
from sync.hub.cli import hub
try:
    hub()
finally:
    lines = Path("/proc/self/status").read_text().splitlines()
    sys.stderr.write(next(line for line in lines if line.startswith("VmHWM")))
"""
_PART = 4


@dataclass(frozen=True, slots=True)
class Took:
    """One import: how long it was at work, and its highest resident memory."""

    records: int
    seconds: float
    peak_mb: float


def measure(folder: Path, items: int = ITEMS) -> list[Figure]:
    figures = _on("SQLite", folder, items, _files(folder))
    try:
        with _postgresql() as fresh:
            figures += _on("PostgreSQL", folder, items, fresh)
    except Missing as err:
        return [msgspec.structs.replace(one, note=str(err)) for one in figures]
    return figures


def _files(folder: Path) -> Callable[[str], str]:
    return lambda name: f"sqlite:///{folder / f'{name}.db'}"


@contextmanager
def _postgresql() -> Iterator[Callable[[str], str]]:
    with postgres_server() as server:

        def fresh(name: str) -> str:
            server.execute(f"CREATE DATABASE {name}")
            return server.url(name)

        yield fresh


def _on(
    database: str, folder: Path, items: int, fresh: Callable[[str], str]
) -> list[Figure]:
    part = _county(
        new_folder(folder, f"{database}-part"), items // _PART, fresh("part")
    )
    whole = _county(new_folder(folder, f"{database}-whole"), items, fresh("whole"))
    return [
        figure
        for kind, took in whole.items()
        for figure in _figures(f"{kind}, {database}", took, part[kind])
    ]


def _figures(name: str, whole: Took, part: Took) -> list[Figure]:
    rate = Figure(
        name=f"imported, {name}",
        unit="records/s",
        value=whole.records / whole.seconds,
        rounds=whole.records,
    )
    memory = Figure(
        name=f"peak memory of an import, {name}",
        unit="MB",
        value=whole.peak_mb,
        beside=f"{part.records} records",
        reference=part.peak_mb,
        aim=AIM_MEMORY,
        aim_is_ratio=True,
        rounds=whole.records,
    )
    return [rate, memory]


def _county(folder: Path, items: int, url: str) -> dict[str, Took]:
    """Make a county's files and take them in."""
    with fresh_hub(url, folder) as hub, hub.database.writing() as conn:
        site = Site(county_files.SITE, "马坪村", "马坪村", "POINT", "0000")
        catalogue.put_sites(conn, [site])
    patrons = max(1, items // ITEMS_A_PATRON)
    return {
        "titles": _import(url, "marc", county_files.titles(folder, items)),
        "items": _import(url, "items", county_files.items(folder, items)),
        "patrons": _import(url, "patrons", county_files.patrons(folder, patrons)),
    }


def _import(url: str, kind: str, file: Path) -> Took:
    words = [sys.executable, "-c", _PROGRAM, "import", kind, str(file)]
    start = time.perf_counter()
    done = subprocess.run(
        [*words, "--database", url, "--json"], capture_output=True, check=True
    )
    seconds = time.perf_counter() - start
    report = json.loads(done.stdout)
    assert report["rejected_total"] == 0
    peak_kb = int(done.stderr.split()[-2])
    return Took(report["changed"] + report["items"], seconds, peak_kb / 1024)
