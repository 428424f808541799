"""`tongjie queue`: what the hub has not judged yet, and how it gets there on foot."""

from __future__ import annotations

import click

from kiosk import logs
from kiosk.lazy_commands import Lazy, LazyGroup

COMMANDS = {
    "export": Lazy(
        "kiosk.cli.queue_stick:export",
        "Write all that waits onto a USB stick, sealed for the hub.",
    ),
    "import": Lazy(
        "kiosk.cli.queue_stick:imports",
        "Take the hub's answer from a USB stick.",
    ),
    "list": Lazy(
        "kiosk.cli.queue_list:list_pending",
        "Show each pending event on a line, oldest first.",
    ),
    "retry": Lazy(
        "kiosk.cli.queue_retry:retry",
        "Send now what the hub could not take, not in an hour.",
    ),
    "status": Lazy(
        "kiosk.cli.queue_status:status",
        "Show what waits, what is stuck, and how the point is.",
    ),
    "tags": Lazy(
        "kiosk.cli.queue_tags:tags",
        "Show each book whose tag still has to be put right.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def queue() -> None:
    """What this kiosk did that the hub has not judged yet."""
    logs.configure()
