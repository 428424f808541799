"""Options that several commands of a kiosk share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/var/lib/tongjie"),
    show_default=True,
    help="The kiosk's data folder.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")


def wait(default_s: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--wait SECONDS`: how long a running agent may take over what it is asked."""
    return click.option(
        "--wait",
        "wait_s",
        type=click.FloatRange(0, 3600),
        default=default_s,
        show_default=True,
        help="Seconds that a running agent may take.",
    )
