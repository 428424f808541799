"""`python -m tests.bench`: measure, print a table; an aim not met is no failure."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import msgspec

from kiosk import logs
from tests.bench import (
    commit,
    desk_pages,
    drain,
    herd,
    http_ingest,
    idle,
    imports,
    ingest,
    latency,
    ledger_backlog,
    ledger_cost,
    ledger_parts,
    ledger_rate,
    ledger_start,
    long_drain,
    memory,
    pads,
    page_time,
    startup,
)
from tests.bench.big_county import BIG, SMALL, Size
from tests.bench.figures import Figure, reports, table
from tests.bench.folders import new_folder
from tests.demo import running_demo


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often each figure is taken."""

    placements: int = 40
    touches: int = 100
    commits: int = 60
    starts: int = 9
    visits: int = 5
    stacks: int = 5
    idle_s: float = 30.0
    settle_s: float = idle.SETTLE_S
    herd: int = herd.KIOSKS
    drained_events: int = drain.EVENTS
    idle_asks: int = drain.IDLE_ASKS
    long_drained: int = long_drain.EVENTS
    ingested: int = ingest.EVENTS
    ingested_over_http: int = http_ingest.EVENTS
    imported: int = imports.ITEMS
    desk_county: Size = BIG
    desk_rounds: int = desk_pages.ROUNDS
    loans: int = ledger_cost.LOANS
    accepts: int = ledger_rate.LOANS
    accept_rounds: int = ledger_rate.ROUNDS
    parts: int = ledger_parts.LOANS
    backlog: int = ledger_backlog.EVENTS
    backlog_starts: int = ledger_start.STARTS


#: Goes first on the path of every measured process: see the file in it.
AS_INSTALLED = Path(__file__).with_name("as_installed")
QUICK = Rounds(
    placements=3,
    touches=5,
    commits=3,
    starts=1,
    visits=1,
    stacks=1,
    idle_s=2.0,
    settle_s=3.0,
    herd=200,
    drained_events=400,
    long_drained=400,
    ingested=100,
    ingested_over_http=100,
    imported=300,
    desk_county=SMALL,
    desk_rounds=1,
    idle_asks=10,
    loans=30,
    accepts=10,
    accept_rounds=2,
    parts=10,
    backlog=2000,
    backlog_starts=1,
)


def _kiosk(folder: Path, rounds: Rounds) -> list[Figure]:
    """A kiosk with its devices, agent and hub; then with weeks of unsent events."""
    demo_folder, full = new_folder(folder, "demo"), new_folder(folder, "full")
    with running_demo(demo_folder) as demo:
        figures = latency.measure(demo, rounds.placements)
        figures += memory.measure(demo, rounds.visits)
        figures += page_time.measure(demo, rounds.touches)  # cuts the network
    figures += startup.measure(demo_folder, rounds.starts)
    figures += ledger_backlog.measure(full, rounds.backlog)
    figures += ledger_start.measure(
        full, demo_folder, rounds.backlog, rounds.backlog_starts
    )
    return figures


def _ledger(folder: Path, rounds: Rounds) -> list[Figure]:
    """Loan after loan, and what it costs the card."""
    figures = commit.measure(new_folder(folder, "lending"), rounds.commits)
    figures += ledger_cost.measure(new_folder(folder, "cost"), rounds.loans)
    figures += ledger_rate.measure(
        new_folder(folder, "rate"), rounds.accept_rounds, rounds.accepts
    )
    figures += ledger_parts.measure(new_folder(folder, "parts"), rounds.parts)
    return figures


def _devices(folder: Path, rounds: Rounds) -> list[Figure]:
    """Stacks on every pad at the pace of their lines; then nothing happens."""
    ports = new_folder(folder, "ports")
    figures = pads.measure(ports, rounds.stacks)
    figures += idle.measure(ports, rounds.idle_s, rounds.settle_s)
    return figures


def _hub(folder: Path, rounds: Rounds) -> list[Figure]:
    """Kiosks come back all at once, backlogs drain, a county's events are taken in."""
    figures = herd.measure(new_folder(folder, "herd"), rounds.herd)
    figures += drain.measure(
        new_folder(folder, "drain"), rounds.drained_events, rounds.idle_asks
    )
    figures += long_drain.measure(new_folder(folder, "long-drain"), rounds.long_drained)
    figures += ingest.measure(new_folder(folder, "ingest"), rounds.ingested)
    http = new_folder(folder, "http")
    return figures + http_ingest.measure(http, rounds.ingested_over_http)


def _imports(folder: Path, rounds: Rounds) -> list[Figure]:
    """A county's files go into an empty hub."""
    return imports.measure(folder, rounds.imported)


def _desk(folder: Path, rounds: Rounds) -> list[Figure]:
    """Staff look at a big county."""
    return desk_pages.measure(folder, rounds.desk_county, rounds.desk_rounds)


PARTS: Mapping[str, Callable[[Path, Rounds], list[Figure]]] = {
    "kiosk": _kiosk,
    "ledger": _ledger,
    "devices": _devices,
    "hub": _hub,
    "imports": _imports,
    "desk": _desk,
}


@click.command()
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--quick", is_flag=True, help="A few rounds each: does it still work?")
@click.option(
    "--only", type=click.Choice(list(PARTS)), multiple=True, help="This part alone."
)
@click.option("--drained", type=click.IntRange(min=100), help="Events of the drain.")
@click.option("--imported", type=click.IntRange(min=100), help="Copies of the import.")
def main(
    target: Path | None,
    drained: int | None,
    imported: int | None,
    *,
    quick: bool,
    only: Sequence[str],
) -> None:
    """Measure the product on this machine; all parts take most of an hour."""
    logs.configure()
    os.environ["PYTHONPATH"] = str(AS_INSTALLED)
    rounds = QUICK if quick else Rounds()
    if drained is not None:
        rounds = replace(rounds, drained_events=drained)
    if imported is not None:
        rounds = replace(rounds, imported=imported)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="tongjie-bench-") as folder:
        for name in only or PARTS:
            click.echo(name, err=True)
            figures += PARTS[name](new_folder(Path(folder), name), rounds)
    click.echo(_machine())
    click.echo(table(figures))
    if target is not None:
        target.write_bytes(msgspec.json.encode(reports(figures)))


def _machine() -> str:
    """What the figures hold for; a machine busy with other things makes them worse."""
    system = f"Python {platform.python_version()} on {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"


if __name__ == "__main__":
    main()
