"""Staff accounts of the desk: a name, a password and a role at a site.

There is none before somebody with a shell on the hub makes one.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, update

from sync.hub.county import passwords
from sync.hub.county.audit import Actor, note
from sync.hub.county.permits import LOCAL, Role, Standing
from sync.hub.refusal import CodedRefusal
from sync.hub.store import schema
from sync.hub.store.rows import one

_NAME = re.compile(r"\w[\w.-]{0,31}")
_USERS = schema.users


class BadAccount(CodedRefusal, ValueError):
    """An account that can't be made or changed like that; the text says why."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account without its password. `site`: None for the whole county."""

    name: str
    role: Role
    site: str | None
    disabled: bool
    created_at: dt.datetime

    @property
    def standing(self) -> Standing:
        return Standing(self.role, self.site)


def add_user(
    conn: Connection,
    who: Actor,
    name: str,
    password: str,
    standing: Standing,
    now: dt.datetime,
    *,
    one_time: bool = False,
) -> None:
    """Make an account. Raises BadAccount, WeakPassword.

    `one_time`: its user has to change the password before anything else.
    """
    name = spelled(name)
    if not _NAME.fullmatch(name):
        text = f"{name!r} is no user name: letters, digits, . - _; at most 32"
        raise BadAccount("name", text, name=name)
    if one(conn, _USERS, name) is not None:
        raise BadAccount("taken", f"there is a user {name!r} already", name=name)
    _require_place(conn, standing)
    passwords.require_good(password, name)
    held = _held(standing)
    secret = {"password": passwords.hashed(password), "one_time": one_time}
    conn.execute(insert(_USERS), [{"name": name, "created_at": now} | secret | held])
    note(conn, who, "user.add", f"user:{name}", now, after=held)


def set_password(
    conn: Connection,
    who: Actor,
    name: str,
    password: str,
    now: dt.datetime,
    *,
    one_time: bool = False,
) -> None:
    """Give a new password; it ends all sessions. Raises BadAccount, WeakPassword."""
    name = _row(conn, name)["name"]
    passwords.require_good(password, name)
    hashed = passwords.hashed(password)
    _change(conn, name, {"password": hashed, "one_time": one_time})
    forget_tries(conn, name)
    note(conn, who, "user.passwd", f"user:{name}", now)


def set_standing(
    conn: Connection, who: Actor, name: str, standing: Standing, now: dt.datetime
) -> None:
    """Give another role or place, from the next request on. Raises BadAccount."""
    row = _row(conn, name)
    _require_place(conn, standing)
    before, after = _held(_account(row).standing), _held(standing)
    _change(conn, row["name"], after)
    about = f"user:{row['name']}"
    note(conn, who, "user.role", about, now, before=before, after=after)


def set_disabled(
    conn: Connection, who: Actor, name: str, now: dt.datetime, *, disabled: bool
) -> None:
    """Close or open an account, from the next request on. Raises BadAccount."""
    row = _row(conn, name)
    _change(conn, row["name"], {"disabled": disabled})
    what = "user.disable" if disabled else "user.enable"
    note(conn, who, what, f"user:{row['name']}", now)


def all_users(conn: Connection) -> list[Account]:
    rows = conn.execute(select(_USERS).order_by(_USERS.c.name)).mappings()
    return [_account(row) for row in rows]


def spelled(name: str) -> str:
    """One spelling of a user name: what looks the same is the same."""
    return unicodedata.normalize("NFKC", name).strip()


def forget_tries(conn: Connection, name: str) -> None:
    """Open an account that wrong passwords closed."""
    key = schema.login_tries.c.key
    mine = or_(key == f"user {name}", key.startswith(f"both {name} ", autoescape=True))
    conn.execute(delete(schema.login_tries).where(mine))


def _require_place(conn: Connection, standing: Standing) -> None:
    role, site = standing.role, standing.site
    if (role in LOCAL) != (site is not None):
        need = "needs a site" if role in LOCAL else "is for the whole county, no site"
        code = "needs_site" if role in LOCAL else "no_site"
        raise BadAccount(code, f"the role {role} {need}")
    if site is not None and one(conn, schema.sites, site) is None:
        raise BadAccount("unknown_site", f"there is no site {site!r}", site=site)


def _held(standing: Standing) -> dict[str, object]:
    return {"role": standing.role.value, "site_id": standing.site}


def _row(conn: Connection, name: str) -> RowMapping:
    row = one(conn, _USERS, spelled(name))
    if row is None:
        raise BadAccount("unknown", f"there is no user {name!r}", name=name)
    return row


def _change(conn: Connection, name: str, values: Mapping[str, object]) -> None:
    conn.execute(update(_USERS).where(_USERS.c.name == name).values(values))


def _account(row: RowMapping) -> Account:
    return Account(
        name=row["name"],
        role=Role(row["role"]),
        site=row["site_id"],
        disabled=row["disabled"],
        created_at=row["created_at"],
    )
