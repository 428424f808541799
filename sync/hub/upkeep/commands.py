"""`tongjie hub upkeep`: all that has to be done once a day, for a timer."""

from __future__ import annotations

import click

from kiosk import logs
from sync.hub.circulation.hold_acts import Deed
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)
from sync.hub.upkeep.steps import STEPS, Done, run_all


@click.command()
@DATABASE
@JSON
def upkeep(database: str, *, as_json: bool) -> None:
    """Do what is due every day: holds, forgetting, old logins; 1 if a part failed."""
    logs.configure()
    failed = False
    with reported(), county_of(database) as store:
        for done in run_all(store, Deed(operator(), now()), STEPS):
            click.echo(as_line(done) if as_json else _said(done))
            failed = failed or bool(done.problem)
    if failed:
        raise SystemExit(1)


def _said(done: Done) -> str:
    counts = " ".join(f"{name}:{number}" for name, number in done.counts.items())
    return f"{done.step}\t{done.problem or counts or '-'}"
