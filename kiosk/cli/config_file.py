"""`tongjie config`: look at a configuration before a kiosk is started with it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from drivers.api import BadOptions
from kiosk.assembly import drivers
from kiosk.cli.config import CONFIG_OPTION, load_or_fail


@click.group()
def config() -> None:
    """Check and show a kiosk's configuration."""


@config.command()
@CONFIG_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def check(config: Path, *, as_json: bool) -> None:
    """Say whether a kiosk would start with it; devices need not be plugged in."""
    settings = load_or_fail(config)
    try:
        names = list(drivers(settings))
    except BadOptions as err:
        raise click.ClickException(f"{config}: {err}") from err
    if as_json:
        click.echo(msgspec.json.encode({"file": str(config), "devices": names}))
    else:
        click.echo(f"{config} is good; devices: {', '.join(names) or 'none'}")


@config.command()
@CONFIG_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def show(config: Path, *, as_json: bool) -> None:
    """Print every option with the value that counts, defaults included."""
    settings = msgspec.to_builtins(load_or_fail(config))
    encoded = msgspec.json.encode(settings)
    click.echo(encoded if as_json else msgspec.json.format(encoded, indent=2))
