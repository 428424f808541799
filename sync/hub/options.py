"""What all commands of `tongjie hub` share: options, the database, failures in words."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click
import msgspec
from sqlalchemy.exc import DBAPIError

from sync.hub.county.audit import Actor
from sync.hub.refusal import Refusal
from sync.hub.store.database import Database
from sync.hub.store.setup import default_key_path
from sync.hub.store.upgrade import check_schema
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
PASSWORD = click.option(
    "--password-file",
    type=click.File(),
    help="Read the password from the first line of this file, - for standard input.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@contextmanager
def reported() -> Iterator[None]:
    """Every expected failure as one line for people."""
    try:
        yield
    except (Refusal, BadKey, OSError) as err:
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


def password_from(file: TextIO | None) -> str:
    """The first line of the file that `PASSWORD` names, or else what is typed."""
    if file is not None:
        return file.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def as_line(value: object) -> str:
    return msgspec.json.encode(value).decode()


def operator() -> Actor:
    """Who types the command, for the audit log."""
    return Actor(f"os:{getpass.getuser()}", "command")


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
