"""Logging in and out, and who is logged in."""

from __future__ import annotations

import datetime as dt
import functools
import math
import secrets
from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from sqlalchemy import RowMapping, select
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from sync.hub.desk.context import desk
from sync.hub.desk.words import LANGUAGES
from sync.hub.store import schema

SESSION_LENGTH = dt.timedelta(hours=10)
_OPEN_PAGES = {"desk.login", "desk.enter", "desk.language"}
#: Part of the stored hash: changing a password ends the sessions of its user.
_STAMP_LENGTH = 16


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: str


def routes(blueprint: Blueprint) -> None:
    blueprint.before_request(_require_login)
    blueprint.add_url_rule("/login", "login", _show_login)
    blueprint.add_url_rule("/login", "enter", _enter, methods=["POST"])
    blueprint.add_url_rule("/logout", "logout", _leave, methods=["POST"])
    blueprint.add_url_rule("/language", "language", _switch_language, methods=["POST"])


def _require_login() -> Response | None:
    if request.endpoint == "desk.static":
        return None
    g.user = _user_of_session()
    if g.user is None and request.endpoint not in _OPEN_PAGES:
        return redirect(url_for("desk.login"))
    return None


def _show_login() -> str:
    return render_template("desk/login.html", problem=None, params={})


def _enter() -> Response | tuple[str, int]:
    name = request.form.get("name", "").strip()
    now = desk().clock()
    wait = desk().guard.wait(name, now)
    if wait:
        seconds = math.ceil(wait.total_seconds())
        return _again("login.wait", 429, seconds=seconds)
    row = _row(name)
    password = request.form.get("password", "")
    stored = row["password"] if row else _nobodys_password()
    if not check_password_hash(stored, password) or row is None:
        desk().guard.failed(name, now)
        return _again("login.wrong", 401)
    desk().guard.succeeded(name)
    _begin_session(row)
    return redirect(url_for("desk.overview"))


def _again(problem: str, status: int, **params: int) -> tuple[str, int]:
    page = render_template("desk/login.html", problem=problem, params=params)
    return page, status


def _leave() -> Response:
    language = session.get("language")
    session.clear()
    session["language"] = language
    return redirect(url_for("desk.login"))


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


def _begin_session(row: RowMapping) -> None:
    language = session.get("language")
    session.clear()  # a session from before the login must not live on
    session.permanent = True
    session["language"] = language
    session["user"] = row["name"]
    session["stamp"] = row["password"][-_STAMP_LENGTH:]


def _user_of_session() -> User | None:
    name = session.get("user")
    row = _row(name) if name else None
    if row is None or row["password"][-_STAMP_LENGTH:] != session.get("stamp"):
        return None
    return User(row["name"], row["role"])


@functools.cache
def _nobodys_password() -> str:
    """Compared with when there is no such user, so that guessing names takes as long."""
    return generate_password_hash(secrets.token_hex())


def _row(name: str) -> RowMapping | None:
    with desk().database.reading() as conn:
        found = conn.execute(select(schema.users).where(schema.users.c.name == name))
        return found.mappings().one_or_none()
