"""One's own password: changed by whoever knows the old one."""

from __future__ import annotations

import math

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from sync.hub.county import login_guard, passwords
from sync.hub.county.permits import Action
from sync.hub.county.users import set_password
from sync.hub.desk.access import begin_session
from sync.hub.desk.context import desk
from sync.hub.desk.origin import address
from sync.hub.desk.permission import actor, needs, user
from sync.hub.store import schema

Answer = Response | tuple[str, int]


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/password", "password", _show)
    blueprint.add_url_rule("/password", "password_change", _change, methods=["POST"])


@needs(Action.OWN)
def _show() -> str:
    return _page()


@needs(Action.OWN)
def _change() -> Answer:
    """Change it; all other sessions of this user end, this one goes on."""
    form, name, now = request.form, user().name, desk().clock()
    new = form.get("new", "")
    with desk().database.writing() as conn:
        wait = login_guard.begin_try(conn, name, address(), now)
    if wait:
        return _page("login.wait", seconds=math.ceil(wait.total_seconds())), 429
    if not passwords.fits(_stored(name), form.get("old", "")):
        return _page("password.wrong"), 409
    if new != form.get("again", ""):
        return _page("password.differ"), 409
    if new == form.get("old", ""):
        return _page("password.same"), 409
    try:
        with desk().database.writing() as conn:
            login_guard.end_try(conn, name, address(), now)
            set_password(conn, actor(), name, new, now)
    except passwords.WeakPassword:
        return _page("password.weak"), 409
    begin_session(name, _stored(name))
    return redirect(url_for("desk.overview"))


def _page(problem: str = "", **params: object) -> str:
    return render_template("desk/password.html", problem=problem, params=params)


def _stored(name: str) -> str:
    table = schema.users.c
    with desk().database.reading() as conn:
        query = select(table.password).where(table.name == name)
        return str(conn.execute(query).scalar_one())
