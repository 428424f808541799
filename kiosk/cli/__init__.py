"""The command line `tongjie`: each command's module is imported when it is called.

So a decoder needs no web server, and the list of commands needs none of them.
"""

from __future__ import annotations

import click

from kiosk.lazy_commands import Lazy, LazyGroup

COMMANDS = {
    "config": Lazy(
        "kiosk.cli.config_file:config",
        "Check and show a kiosk's configuration.",
    ),
    "db": Lazy(
        "kiosk.cli.db:db",
        "Check, copy and upgrade the ledger and the mirror of a kiosk.",
    ),
    "demo": Lazy(
        "kiosk.cli.demo:demo",
        "Borrow and return in a browser, on emulated hardware that speaks real bytes.",
    ),
    "device": Lazy(
        "kiosk.cli.device:device",
        "Find, look at and try the devices of this point.",
    ),
    "frame": Lazy(
        "kiosk.cli.frame:frame",
        "Look into the frames that devices and kiosk exchange.",
    ),
    "hub": Lazy(
        "sync.hub.cli:hub",
        "The county's hub: the record of all loans, and the staff desk.",
    ),
    "queue": Lazy(
        "kiosk.cli.queue:queue",
        "What this kiosk did that the hub has not judged yet.",
    ),
    "run": Lazy(
        "kiosk.cli.run:run",
        "Run the kiosk: devices, ledger and touchscreen server.",
    ),
    "sip2": Lazy(
        "sync.sip2.cli:sip2",
        "Speak SIP2, the language of library systems.",
    ),
    "sync": Lazy(
        "sync.agent.cli:sync",
        "Keep this kiosk and its hub in step, until SIGTERM.",
    ),
    "tag": Lazy(
        "kiosk.cli.tag:tag",
        "Read and make the memory of library tags.",
    ),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="tongjie")
def main() -> None:
    """Self-service lending points of a county library."""
