"""Logging in and out, who is logged in, and whether that one may."""

from __future__ import annotations

import datetime as dt
import functools
import math
import secrets

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from sqlalchemy import Connection, RowMapping, update
from werkzeug.wrappers import Response

from sync.hub.county import login_guard as guard
from sync.hub.county import passwords
from sync.hub.county.audit import Actor, note
from sync.hub.county.permits import Action, Role, Standing
from sync.hub.county.users import spelled
from sync.hub.desk.context import desk
from sync.hub.desk.origin import address
from sync.hub.desk.permission import User, action_of_request, needs, user_of
from sync.hub.desk.words import LANGUAGES
from sync.hub.store import schema
from sync.hub.store.rows import one

#: A working day; nobody stays logged in for longer.
SESSION_LENGTH = dt.timedelta(hours=10)
#: A desk that nobody touches is closed; pages that refresh themselves don't count.
IDLE = dt.timedelta(hours=1)
#: Part of the stored hash: changing a password ends the sessions of its user.
_STAMP_LENGTH = 16
_LONGEST_NAME = 64


def routes(blueprint: Blueprint) -> None:
    blueprint.before_request(_require_permission)
    blueprint.add_url_rule("/login", "login", _show_login)
    blueprint.add_url_rule("/login", "enter", _enter, methods=["POST"])
    blueprint.add_url_rule("/logout", "logout", _leave, methods=["POST"])
    blueprint.add_url_rule("/language", "language", _switch_language, methods=["POST"])


def _require_permission() -> Response | tuple[str, int] | None:
    if request.endpoint == "desk.static":
        return None
    g.user = _user_of_session()
    action = action_of_request()
    if action is Action.OPEN:
        return None
    if g.user is None:
        return redirect(url_for("desk.login"))
    if g.user.one_time and action is not Action.OWN:
        return redirect(url_for("desk.password"))
    if action is None or not g.user.may(action):
        return render_template("desk/forbidden.html"), 403
    return None


@needs(Action.OPEN)
def _show_login() -> str:
    return render_template("desk/login.html", problem=None, params={})


@needs(Action.OPEN)
def _enter() -> Response | tuple[str, int]:
    name = spelled(request.form.get("name", "")[:_LONGEST_NAME])
    place, now = address(), desk().clock()
    with desk().database.writing() as conn:
        wait = guard.begin_try(conn, name, place, now)
        row = one(conn, schema.users, name)
    if wait:
        return _again("login.wait", 429, wait)
    stored = row["password"] if row else _nobodys_password()
    password = request.form.get("password", "")
    is_right = passwords.fits(stored, password)
    if row is None or not is_right or row["disabled"]:
        return _again("login.wrong", 401)
    with desk().database.writing() as conn:
        guard.end_try(conn, name, place, now)
        stored = _renewed(conn, row, password)
        note(conn, Actor(name, place), "user.login", f"user:{name}", now)
    begin_session(name, stored)
    return redirect(url_for("desk.overview"))


def _again(
    problem: str, status: int, wait: dt.timedelta | None = None
) -> tuple[str, int]:
    params = {"seconds": math.ceil(wait.total_seconds())} if wait else {}
    page = render_template("desk/login.html", problem=problem, params=params)
    return page, status


def _renewed(conn: Connection, row: RowMapping, password: str) -> str:
    """The hash of the password, made anew if an earlier version made it."""
    stored: str = row["password"]
    if not passwords.is_outdated(stored):
        return stored
    fresh = passwords.hashed(password)
    mine = schema.users.c.name == row["name"]
    conn.execute(update(schema.users).where(mine).values(password=fresh))
    return fresh


@needs(Action.OWN)
def _leave() -> Response:
    language = session.get("language")
    session.clear()
    session["language"] = language
    return redirect(url_for("desk.login"))


@needs(Action.OPEN)
def _switch_language() -> Response:
    wanted = request.form.get("language", "")
    if wanted in LANGUAGES:
        session["language"] = wanted
    return redirect(_page_before())


def _page_before() -> str:
    """Return the desk page the form stood on; never an address of elsewhere."""
    path = request.form.get("page", "")
    is_ours = path.startswith("/desk/") and "\\" not in path and "//" not in path
    return path if is_ours else url_for("desk.overview")


def begin_session(name: str, stored: str) -> None:
    language = session.get("language")
    session.clear()  # a session from before the login must not live on
    session.permanent = True
    session["language"] = language
    session["user"] = name
    session["stamp"] = stored[-_STAMP_LENGTH:]
    session["began"] = session["touched"] = desk().clock().timestamp()


def _user_of_session() -> User | None:
    name = session.get("user")
    if not name or not _is_fresh():
        return None
    with desk().database.reading() as conn:
        row = one(conn, schema.users, name)
        if row is None or row["disabled"] or not _has_stamp(row):
            return None
        standing = Standing(Role(row["role"]), row["site_id"])
        return user_of(conn, name, standing, one_time=row["one_time"])


def _has_stamp(row: RowMapping) -> bool:
    is_same: bool = row["password"][-_STAMP_LENGTH:] == session.get("stamp")
    return is_same


def _is_fresh() -> bool:
    """Whether the session still lasts; a look at a page of one's own prolongs it."""
    now = desk().clock().timestamp()
    began, touched = session.get("began", 0.0), session.get("touched", 0.0)
    if now - began >= SESSION_LENGTH.total_seconds():
        return False
    if now - touched >= IDLE.total_seconds():
        return False
    if not (request.endpoint or "").endswith("_now"):
        session["touched"] = now
    return True


@functools.cache
def _nobodys_password() -> str:
    """Compared with when there is no such user, so that guessing names takes as long."""
    return passwords.hashed(secrets.token_hex())
