"""Accounts of the desk: listed, made with a password for once, moved and closed."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, render_template, request
from sqlalchemy import Connection

from sync.hub.county.passwords import WeakPassword, made_up
from sync.hub.county.permits import LOCAL, Action, Role, Standing
from sync.hub.county.users import (
    BadAccount,
    add_user,
    all_users,
    set_disabled,
    set_password,
    set_standing,
    spelled,
)
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import site_options, site_typed
from sync.hub.refusal import CodedRefusal

Answer = str | tuple[str, int]
Change = Callable[[Connection], object]


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/users", "users", _show)
    for path, name, view in (
        ("", "add", _add),
        ("/role", "role", _set_role),
        ("/password", "password", _renew),
        ("/disabled", "disabled", _set_disabled),
    ):
        rule, endpoint = f"/users{path}", f"user_{name}"
        blueprint.add_url_rule(rule, endpoint, view, methods=["POST"])


@needs(Action.EDIT_USERS)
def _show() -> str:
    return _page()


@needs(Action.EDIT_USERS)
def _add() -> Answer:
    password, name, now = made_up(), _field("name"), desk().clock()
    return _done(
        lambda conn: add_user(
            conn, actor(), name, password, _standing(conn), now, one_time=True
        ),
        password,
    )


@needs(Action.EDIT_USERS)
def _set_role() -> Answer:
    now = desk().clock()
    return _done(
        lambda conn: set_standing(conn, actor(), _other(), _standing(conn), now)
    )


@needs(Action.EDIT_USERS)
def _renew() -> Answer:
    password, now = made_up(), desk().clock()
    return _done(
        lambda conn: set_password(
            conn, actor(), _other(), password, now, one_time=True
        ),
        password,
    )


@needs(Action.EDIT_USERS)
def _set_disabled() -> Answer:
    disabled, now = _field("disabled") == "1", desk().clock()
    return _done(
        lambda conn: set_disabled(conn, actor(), _other(), now, disabled=disabled)
    )


def _done(change: Change, password: str = "") -> Answer:
    """Make the change and show all; a new password this once."""
    try:
        with desk().database.writing() as conn:
            change(conn)
    except (BadAccount, WeakPassword) as err:
        return _page(err), 409
    return _page(made=spelled(_field("name")), password=password)


def _page(
    problem: CodedRefusal | None = None, made: str = "", password: str = ""
) -> str:
    with desk().database.reading() as conn:
        accounts = all_users(conn)
        return render_template(
            "desk/users.html",
            accounts=accounts,
            site_names=names_of_sites(conn, {one.site for one in accounts}),
            site_options=site_options(conn),
            roles=tuple(Role),
            problem=problem,
            made=made,
            password=password,
        )


def _other() -> str:
    """Whose account it is; nobody locks themselves out. Raises BadAccount."""
    name = spelled(_field("name"))
    if name == user().name:
        raise BadAccount("own", "not one's own account")
    return name


def _standing(conn: Connection) -> Standing:
    if _field("role") not in set(Role):
        abort(400)
    role = Role(_field("role"))
    site = site_typed(conn, _field("site"))
    return Standing(role, site or None if role in LOCAL else None)


def _field(name: str) -> str:
    return request.form.get(name, "").strip()
