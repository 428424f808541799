"""`python -m tests.bench`: measure, print a table; an aim not met is no failure."""

from __future__ import annotations

import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from kiosk import logs
from tests.bench import (
    commit,
    drain,
    herd,
    idle,
    ingest,
    latency,
    ledger_backlog,
    ledger_cost,
    ledger_rate,
    ledger_start,
    memory,
    pads,
    startup,
)
from tests.bench.figures import Figure, reports, table
from tests.bench.folders import new_folder
from tests.demo import running_demo


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often each figure is taken."""

    placements: int = 40
    commits: int = 60
    starts: int = 9
    visits: int = 5
    stacks: int = 5
    idle_s: float = 30.0
    settle_s: float = idle.SETTLE_S
    herd: int = herd.KIOSKS
    drained_events: int = drain.EVENTS
    idle_asks: int = drain.IDLE_ASKS
    ingested: int = ingest.EVENTS
    loans: int = ledger_cost.LOANS
    accepts: int = ledger_rate.LOANS
    accept_rounds: int = ledger_rate.ROUNDS
    backlog: int = ledger_backlog.EVENTS
    backlog_starts: int = ledger_start.STARTS


#: Goes first on the path of every measured process: see the file in it.
AS_INSTALLED = Path(__file__).with_name("as_installed")
QUICK = Rounds(
    placements=3,
    commits=3,
    starts=1,
    visits=1,
    stacks=1,
    idle_s=2.0,
    settle_s=3.0,
    herd=200,
    drained_events=2000,
    ingested=300,
    idle_asks=20,
    loans=30,
    accepts=10,
    accept_rounds=2,
    backlog=2000,
    backlog_starts=1,
)


@click.command()
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--quick", is_flag=True, help="A few rounds each: does it still work?")
def main(target: Path | None, *, quick: bool) -> None:
    """Measure the product on this machine; takes some minutes."""
    logs.configure()
    os.environ["PYTHONPATH"] = str(AS_INSTALLED)
    rounds = QUICK if quick else Rounds()
    with tempfile.TemporaryDirectory(prefix="tongjie-bench-") as folder:
        figures = _measure(Path(folder), rounds)
    click.echo(_machine())
    click.echo(table(figures))
    if target is not None:
        target.write_bytes(msgspec.json.encode(reports(figures)))


def _measure(folder: Path, rounds: Rounds) -> list[Figure]:
    demo_folder, lending, ports = (
        folder / "demo",
        folder / "lending",
        folder / "ports",
    )
    for made in (demo_folder, lending, ports):
        made.mkdir()
    click.echo("a kiosk with its devices, agent and hub", err=True)
    with running_demo(demo_folder) as demo:
        figures = latency.measure(demo, rounds.placements)
        figures += memory.measure(demo, rounds.visits)
    click.echo("starting it again and again", err=True)
    figures += startup.measure(demo_folder, rounds.starts)
    click.echo("committing", err=True)
    figures += commit.measure(lending, rounds.commits)
    click.echo("loan after loan, and what it costs the card", err=True)
    figures += ledger_cost.measure(new_folder(folder, "cost"), rounds.loans)
    figures += ledger_rate.measure(
        new_folder(folder, "rate"), rounds.accept_rounds, rounds.accepts
    )
    click.echo("weeks without a hub", err=True)
    full = new_folder(folder, "full")
    figures += ledger_backlog.measure(full, rounds.backlog)
    figures += ledger_start.measure(
        full, demo_folder, rounds.backlog, rounds.backlog_starts
    )
    click.echo("stacks on every pad, at the pace of their lines", err=True)
    figures += pads.measure(ports, rounds.stacks)
    click.echo("all devices, and nothing happens", err=True)
    figures += idle.measure(ports, rounds.idle_s, rounds.settle_s)
    click.echo("kiosks come back to a hub all at once", err=True)
    figures += herd.measure(new_folder(folder, "herd"), rounds.herd)
    click.echo("asks while backlogs drain", err=True)
    figures += drain.measure(
        new_folder(folder, "drain"), rounds.drained_events, rounds.idle_asks
    )
    click.echo("a hub takes in a county's backlog", err=True)
    figures += ingest.measure(new_folder(folder, "ingest"), rounds.ingested)
    return figures


def _machine() -> str:
    """What the figures hold for; a machine busy with other things makes them worse."""
    system = f"Python {platform.python_version()} on {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"


if __name__ == "__main__":
    main()
