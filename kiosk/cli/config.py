"""The option every process of a kiosk takes: its configuration file."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.config import BadConfig, Config, load

CONFIG_OPTION = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/tongjie/kiosk.toml"),
    show_default=True,
    help="The kiosk's configuration file.",
)


def load_or_fail(path: Path) -> Config:
    """Read the configuration or end the command with the reason."""
    try:
        return load(path)
    except BadConfig as err:
        raise click.ClickException(str(err)) from err
