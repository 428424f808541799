"""`passwd` and `disable`, for all that log in to the hub with a name and a password."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol, TextIO

import click
from sqlalchemy import Connection

from sync.hub.county.audit import Actor
from sync.hub.options import (
    DATABASE,
    JSON,
    PASSWORD,
    as_line,
    county_of,
    now,
    operator,
    password_from,
    reported,
)


class _SetPassword(Protocol):
    def __call__(
        self, conn: Connection, by: Actor, name: str, new: str, now: dt.datetime, /
    ) -> None: ...


class _SetDisabled(Protocol):
    def __call__(
        self,
        conn: Connection,
        by: Actor,
        name: str,
        now: dt.datetime,
        /,
        *,
        disabled: bool,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Accounts:
    """Whose accounts: `word` is what a JSON line calls one of them."""

    word: str
    set_password: _SetPassword
    set_disabled: _SetDisabled

    def tell(self, name: str, text: str, *, as_json: bool, **more: object) -> None:
        """What became of the account, as a line for people or as JSON."""
        line = as_line({self.word: name, **more}) if as_json else f"{name} {text}"
        click.echo(line)


def passwd_command(accounts: Accounts, effect: str) -> click.Command:
    """`effect`: what the help says of it."""

    @click.command("passwd", help=effect)
    @click.argument("name")
    @DATABASE
    @PASSWORD
    @JSON
    def passwd(
        name: str, database: str, password_file: TextIO | None, *, as_json: bool
    ) -> None:
        password = password_from(password_file)
        with reported(), county_of(database) as store, store.writing() as conn:
            accounts.set_password(conn, operator(), name, password, now())
        accounts.tell(name, "has a new password", as_json=as_json)

    return passwd


def disable_command(accounts: Accounts, effect: str) -> click.Command:
    """`effect`: what the help says of it."""

    @click.command("disable", help=effect)
    @click.argument("name")
    @DATABASE
    @click.option("--undo", is_flag=True, help="Let it in again.")
    @JSON
    def disable(name: str, database: str, *, undo: bool, as_json: bool) -> None:
        with reported(), county_of(database) as store, store.writing() as conn:
            accounts.set_disabled(conn, operator(), name, now(), disabled=not undo)
        text = "may log in again" if undo else "may not log in any more"
        accounts.tell(name, text, as_json=as_json, disabled=not undo)

    return disable
