"""`tongjie device`: the hardware of a point; a command's module is imported when called."""

from __future__ import annotations

import click

from kiosk.lazy_commands import Lazy, LazyGroup

COMMANDS = {
    "list": Lazy(
        "kiosk.cli.device_list:list_devices",
        "Show each configured device, and whether it is plugged in.",
    ),
    "suggest": Lazy(
        "kiosk.cli.device_suggest:suggest",
        "Print what to write into the configuration for what is plugged in.",
    ),
    "teach": Lazy(
        "kiosk.cli.device_teach:teach_numbers",
        "Find a card reader's options from cards of which the number is known.",
    ),
    "test": Lazy(
        "kiosk.cli.device_try:test",
        "Open one device and show what it tells.",
    ),
    "trace": Lazy(
        "kiosk.cli.device_trace:trace",
        "Write down a conversation with a device, and play it again.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def device() -> None:
    """Find, look at and try the devices of this point."""
