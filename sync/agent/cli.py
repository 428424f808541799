"""`tongjie sync`: the agent, and the enrolment of a new device."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kiosk.config import BadConfig, load
from kiosk.identity import BadIdentity, NotEnrolled
from kiosk.store.errors import StoreError
from sync.agent.errors import HubError
from sync.agent.process import run
from sync.exchange import BadAddress
from sync.keys import BadKey

ENROL_TIMEOUT_S = 20.0


@click.group(invoke_without_command=True)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/tongjie/kiosk.toml"),
    show_default=True,
    help="The kiosk's configuration file.",
)
@click.option("--once", is_flag=True, help="Bring both sides in step once, then end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line at the end.")
@click.pass_context
def sync(ctx: click.Context, config: Path, *, once: bool, as_json: bool) -> None:
    """Keep this kiosk and its hub in step, until SIGTERM."""
    if ctx.invoked_subcommand is not None:
        return
    try:
        outcome = run(load(config), once=once)
    except (
        BadConfig,
        BadAddress,
        BadIdentity,
        BadKey,
        HubError,
        NotEnrolled,
        OSError,
        StoreError,
    ) as err:
        raise click.ClickException(str(err)) from err
    if as_json:
        click.echo(msgspec.json.encode(outcome))
    elif once:
        click.echo(f"in step; feed version {outcome.cursor}, pending {outcome.pending}")


@sync.command()
@click.option("--hub", required=True, help="Address of the hub, https://…")
@click.option("--code", required=True, help="One-time code made by the hub's staff.")
@click.option(
    "--data",
    required=True,
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The kiosk's data folder.",
)
@click.option(
    "--again", is_flag=True, help="The hub forgot it, or its identity is damaged."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def enrol(hub: str, code: str, data: Path, *, again: bool, as_json: bool) -> None:
    """Make this device known to its hub. Safe to repeat after a power cut."""
    from sync.agent import enrol as enrolment  # noqa: PLC0415  (the agent never needs it)

    try:
        identity = enrolment.enrol(
            hub, code.strip(), data, ENROL_TIMEOUT_S, again=again
        )
    except (
        BadAddress,
        BadIdentity,
        BadKey,
        HubError,
        OSError,
        StoreError,
        enrolment.AlreadyEnrolled,
    ) as err:
        raise click.ClickException(str(err)) from err
    if as_json:
        click.echo(msgspec.json.encode(identity))
    else:
        click.echo(f"enrolled as {identity.kiosk_id} at site {identity.site_id}")
