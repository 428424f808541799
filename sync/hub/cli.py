"""`tongjie hub`: what it can do; a command's module is imported when it is called."""

from __future__ import annotations

import click

from kiosk.lazy_commands import Lazy, LazyGroup

COMMANDS = {
    "enrol-code": Lazy(
        "sync.hub.commands:enrol_code",
        "Make a code that enrols one kiosk at a site.",
    ),
    "export": Lazy(
        "sync.hub.commands:export",
        "Print all items, loans or events.",
    ),
    "import": Lazy(
        "sync.hub.importers.cli:imports",
        "Take over CNMARC records and tables of sites, items and patrons.",
    ),
    "init": Lazy(
        "sync.hub.commands:init",
        "Make a new county: tables, secrets, the hub's key and the default rules.",
    ),
    "quarantine": Lazy(
        "sync.hub.devices.device_commands:quarantine",
        "What revoked devices sent: kept, not judged.",
    ),
    "reinstate": Lazy(
        "sync.hub.devices.device_commands:reinstate",
        "Put a revoked kiosk back into service; what was set aside stays with staff.",
    ),
    "revoke": Lazy(
        "sync.hub.devices.device_commands:revoke",
        "Put a kiosk out of service; what it still sends is kept apart for staff.",
    ),
    "serve": Lazy(
        "sync.hub.commands:serve",
        "Serve kiosks and staff until SIGTERM.",
    ),
    "stick": Lazy(
        "sync.hub.sticks.stick_commands:stick",
        "Take in what kiosks without a network sent on USB sticks, and answer.",
    ),
    "user": Lazy(
        "sync.hub.commands:user",
        "Accounts of the staff desk.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def hub() -> None:
    """The county's hub: the record of all loans, and the staff desk."""
