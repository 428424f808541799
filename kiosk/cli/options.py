"""Options that several commands of a kiosk share."""

from __future__ import annotations

from pathlib import Path

import click

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/var/lib/tongjie"),
    show_default=True,
    help="The kiosk's data folder.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
