"""`tongjie run`: the kiosk process."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from drivers.api import BadOptions
from kiosk import daemon, logs, memory
from kiosk.cli.config import CONFIG_OPTION, load_or_fail
from kiosk.service.ports import LedgerError


@click.command()
@CONFIG_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when ready.")
def run(config: Path, *, as_json: bool) -> None:
    """Run the kiosk: devices, ledger and touchscreen server."""
    settings = load_or_fail(config)
    logs.configure()
    memory.use_sparingly()

    def ready(url: str) -> None:
        words = (
            msgspec.json.encode({"url": url}).decode() if as_json else f"ready: {url}"
        )
        click.echo(words)

    try:
        daemon.run(settings, ready=ready)
    except (
        BadOptions,
        LedgerError,
        OSError,
        daemon.ThreadDied,
    ) as err:
        raise click.ClickException(str(err)) from err
