"""`tongjie queue retry`: has the agent send again at once what the hub did not take."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path

import click
import msgspec

from kiosk.bell import Bell, agent_bell
from kiosk.cli.options import DATA, JSON, wait
from kiosk.cli.queue_list import open_pending
from kiosk.store.errors import StoreError
from sync.agent.outbox import Place
from sync.agent.retry import Asked, Retried, RetryInbox

#: How often the agent's word is looked for, and how often it is rung.
_LOOK_S = 0.1
_RING_S = 1.0


@click.command()
@click.argument("events", metavar="[EVENT]…", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Everything that is stuck.")
@DATA
@wait(30)
@JSON
def retry(
    events: tuple[str, ...], *, every: bool, data: Path, wait_s: float, as_json: bool
) -> None:
    """Send now what the hub could not take, not in an hour.

    EVENT is an event_id of `queue list`. The exit code is 1 if anything is still stuck.
    """
    if every == bool(events):
        raise click.UsageError("name events, or --all of them")
    try:
        asked = Asked(None if every else _places(data, events))
        retried = _ask_agent(data, asked, wait_s)
    except (OSError, StoreError) as err:
        raise click.ClickException(str(err)) from err
    click.echo(msgspec.json.encode(retried) if as_json else _told(retried))
    if retried.still_waiting:
        sys.exit(1)


def _places(data: Path, event_ids: tuple[str, ...]) -> tuple[Place, ...]:
    """Where these events stand. Raises ClickException for one that does not wait."""
    wanted = set(event_ids)
    found = {
        event.event_id: (event.epoch, event.seq)
        for event in open_pending(data)
        if event.event_id in wanted
    }
    for unknown in sorted(wanted - found.keys()):
        raise click.ClickException(f"{unknown}: no event of this kiosk that waits")
    return tuple(found.values())


def _ask_agent(data: Path, asked: Asked, wait_s: float) -> Retried:
    inbox = RetryInbox(data)
    name, until = inbox.put(asked), time.monotonic() + wait_s
    with closing(Bell(agent_bell(data))) as bell:
        ring_at = 0.0
        while (retried := inbox.outcome(name)) is None:
            if time.monotonic() > until:
                inbox.withdraw(name)
                raise click.ClickException(
                    "the agent does not answer; when it starts it tries everything again"
                )
            if time.monotonic() >= ring_at:
                bell.ring()
                ring_at = time.monotonic() + _RING_S
            time.sleep(_LOOK_S)
    return retried


def _told(retried: Retried) -> str:
    return f"{retried.tried} sent again, {retried.still_waiting} of them still stuck"
