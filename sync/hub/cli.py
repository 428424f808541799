"""`tongjie hub`: what it can do; a command's module is imported when it is called."""

from __future__ import annotations

import click

from kiosk.lazy_commands import Lazy, LazyGroup

COMMANDS = {
    "cases": Lazy(
        "sync.hub.desk.case_commands:cases",
        "What staff should look at: list, show, resolve, undo.",
    ),
    "backup": Lazy(
        "sync.hub.backup.commands:backup",
        "Write the whole database to FILE while the hub serves.",
    ),
    "boxes": Lazy(
        "sync.hub.transfers.box_commands:boxes",
        "Rotation boxes: packed, sent to a site for some months, and brought back.",
    ),
    "audit": Lazy(
        "sync.hub.county.audit_commands:audit",
        "Who changed what, when, from where and why.",
    ),
    "enrol-code": Lazy(
        "sync.hub.commands:enrol_code",
        "Make a code that enrols one kiosk at a site.",
    ),
    "export": Lazy(
        "sync.hub.county.export_commands:export",
        "Print all items, loans or events; or write all there is to a folder.",
    ),
    "holds": Lazy(
        "sync.hub.desk.hold_commands:holds",
        "Holds: who waits, what to fetch from the shelf, what was not fetched in time.",
    ),
    "import": Lazy(
        "sync.hub.importers.cli:imports",
        "Take over MARC records and tables of sites, titles, items, patrons and consents.",
    ),
    "init": Lazy(
        "sync.hub.commands:init",
        "Make a new county: tables, secrets, the hub's key and the default rules.",
    ),
    "library": Lazy(
        "sync.hub.library.cli:library",
        "The county's own library system, and what it still has to learn.",
    ),
    "item": Lazy(
        "sync.hub.county.item_commands:item",
        "Copies: what they are, where they belong, what is missing of them.",
    ),
    "openapi": Lazy(
        "sync.hub.commands:openapi",
        "Print the description of the kiosks' API, OpenAPI 3.1.",
    ),
    "patron": Lazy(
        "sync.hub.county.patron_commands:patron",
        "Readers: who they are, what stands for them, whether they may borrow.",
    ),
    "privacy": Lazy(
        "sync.hub.privacy.commands:privacy",
        "What is forgotten of readers, shown to them, and what they agreed to.",
    ),
    "quarantine": Lazy(
        "sync.hub.devices.device_commands:quarantine",
        "What revoked devices sent: kept, not judged.",
    ),
    "reinstate": Lazy(
        "sync.hub.devices.device_commands:reinstate",
        "Put a revoked kiosk back into service; what was set aside stays with staff.",
    ),
    "restore": Lazy(
        "sync.hub.backup.commands:restore",
        "Put the backup FILE in the place of a database.",
    ),
    "revoke": Lazy(
        "sync.hub.devices.device_commands:revoke",
        "Put a kiosk out of service; what it still sends is kept apart for staff.",
    ),
    "rules": Lazy(
        "sync.hub.county.rules_commands:rules",
        "Who may borrow what, for how long, and when sites are closed.",
    ),
    "serve": Lazy(
        "sync.hub.commands:serve",
        "Serve kiosks and staff until SIGTERM.",
    ),
    "sip2": Lazy(
        "sync.hub.sip2_server.commands:sip2",
        "Machines of others that lend and take back here by SIP2.",
    ),
    "site": Lazy(
        "sync.hub.county.site_commands:site",
        "The county's sites as a tree.",
    ),
    "stick": Lazy(
        "sync.hub.sticks.stick_commands:stick",
        "Take in what kiosks without a network sent on USB sticks, and answer.",
    ),
    "transfers": Lazy(
        "sync.hub.transfers.commands:transfers",
        "Copies on their way between sites: list, send, receive.",
    ),
    "upkeep": Lazy(
        "sync.hub.upkeep.commands:upkeep",
        "Do what is due every day: holds, forgetting, old logins; 1 if a part failed.",
    ),
    "user": Lazy(
        "sync.hub.county.user_commands:user",
        "Accounts of the staff desk.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def hub() -> None:
    """The county's hub: the record of all loans, and the staff desk."""
