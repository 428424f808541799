"""What all commands of `tongjie hub` share: options, the database, failures in words."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from sqlalchemy.exc import DBAPIError

from sync.hub.circulation.choices import CaseError
from sync.hub.circulation.hold_acts import HoldError
from sync.hub.county.audit import Actor
from sync.hub.county.calendars import BadCalendar
from sync.hub.county.cards import UnknownCard
from sync.hub.county.item_files import BadItem, UnknownItem
from sync.hub.county.passwords import WeakPassword
from sync.hub.county.patron_files import BadPatron, UnknownPatron
from sync.hub.county.rulebook import NoRules
from sync.hub.county.site_tree import BadSite
from sync.hub.county.users import BadAccount
from sync.hub.devices.devices import UnknownKiosk
from sync.hub.devices.enrolment import NameInUse, UnknownSite
from sync.hub.store.database import BadDatabase, Database
from sync.hub.store.setup import InitialisedAlready, default_key_path
from sync.hub.store.upgrade import check_schema
from sync.hub.transfers.boxes import BadBox
from sync.hub.transfers.wishes import BadTransfer
from sync.keys import BadKey

DATABASE = click.option(
    "--database",
    envvar="TONGJIE_HUB_DATABASE",
    required=True,
    metavar="URL",
    help="Like sqlite:////srv/tongjie/hub.db or postgresql+psycopg://host/name.",
)
KEY = click.option(
    "--key",
    "key_path",
    envvar="TONGJIE_HUB_KEY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The hub's private key; hub.key beside a SQLite database by default.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@contextmanager
def reported() -> Iterator[None]:
    """Every expected failure as one line for people."""
    try:
        yield
    except (
        BadAccount,
        BadBox,
        BadCalendar,
        BadDatabase,
        BadItem,
        BadPatron,
        BadKey,
        BadSite,
        BadTransfer,
        CaseError,
        HoldError,
        InitialisedAlready,
        NoRules,
        OSError,
        NameInUse,
        UnknownCard,
        UnknownItem,
        UnknownKiosk,
        UnknownPatron,
        UnknownSite,
        WeakPassword,
    ) as err:
        raise click.ClickException(str(err)) from err
    except DBAPIError as err:
        raise click.ClickException(f"database: {err.orig}") from err


@contextmanager
def county_of(url: str) -> Iterator[Database]:
    """A database that `init` was run on."""
    with opened(url) as store:
        check_schema(store)
        yield store


@contextmanager
def opened(url: str) -> Iterator[Database]:
    store = Database(url)
    try:
        yield store
    finally:
        store.close()


def place_of_key(url: str, given: Path | None) -> Path:
    path = given or default_key_path(url)
    if path is None:
        raise click.UsageError("--key is needed: this database has no folder")
    return path


def as_line(value: object) -> str:
    return msgspec.json.encode(value).decode()


def operator() -> Actor:
    """Who types the command, for the audit log."""
    return Actor(f"os:{getpass.getuser()}", "command")


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
