"""`tongjie hub user`: accounts of the staff desk."""

from __future__ import annotations

from typing import TextIO

import click

from sync.hub.account_commands import Accounts, disable_command, passwd_command
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import (
    add_user,
    all_users,
    set_disabled,
    set_password,
    set_standing,
)
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

_ACCOUNTS = Accounts("user", set_password, set_disabled)
_ROLES = click.Choice([role.value for role in Role])
_SITE = click.option("--site", help="Where the role is held: for keeper and town.")


@click.group()
def user() -> None:
    """Accounts of the staff desk."""


@user.command("add")
@click.argument("name")
@DATABASE
@click.option("--role", type=_ROLES, default=Role.STAFF.value, show_default=True)
@_SITE
@PASSWORD
@JSON
def add(
    name: str,
    database: str,
    role: str,
    site: str | None,
    password_file: TextIO | None,
    *,
    as_json: bool,
) -> None:
    """Make an account."""
    password = password_from(password_file)
    standing = Standing(Role(role), site)
    with reported(), county_of(database) as store, store.writing() as conn:
        add_user(conn, operator(), name, password, standing, now())
    _ACCOUNTS.tell(name, f"may log in as {role}", as_json=as_json, role=role, site=site)


@user.command("list")
@DATABASE
@JSON
def list_users(database: str, *, as_json: bool) -> None:
    """Print every account: its name, role and site."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in all_users(conn):
            state = "disabled" if one.disabled else "active"
            text = f"{one.name}\t{one.role.value}\t{one.site or '-'}\t{state}"
            click.echo(as_line(one) if as_json else text)


@user.command("role")
@click.argument("name")
@click.argument("role", type=_ROLES)
@_SITE
@DATABASE
@JSON
def role(
    name: str, role: str, site: str | None, database: str, *, as_json: bool
) -> None:
    """Give another role, from the next page on."""
    standing = Standing(Role(role), site)
    with reported(), county_of(database) as store, store.writing() as conn:
        set_standing(conn, operator(), name, standing, now())
    _ACCOUNTS.tell(name, f"is {role} now", as_json=as_json, role=role, site=site)


user.add_command(
    passwd_command(
        _ACCOUNTS,
        "Give a new password: ends all sessions of the account, and any wait.",
    )
)
user.add_command(
    disable_command(
        _ACCOUNTS,
        "Keep an account out, from the next page on; its entries in the log stay.",
    )
)
