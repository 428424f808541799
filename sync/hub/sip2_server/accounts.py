"""Accounts of machines: a name, a password, and the site where the machine stands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from sync.hub.circulation.facts import MACHINE
from sync.hub.county import passwords
from sync.hub.county.audit import Actor, note
from sync.hub.county.users import BadAccount, forget_tries, spelled
from sync.hub.sip2_server.machine import Machine
from sync.hub.store import schema
from sync.hub.store.rows import one

_TABLE = schema.sip2_accounts
_LONGEST_NAME = 32
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")


def add_machine(
    conn: Connection, who: Actor, machine: Machine, password: str, now: dt.datetime
) -> None:
    """Make an account. Raises BadAccount, WeakPassword."""
    _check(conn, machine)
    passwords.require_good(password, machine.name)
    values = msgspec.structs.asdict(machine)
    row = values | {"password": passwords.hashed(password), "created_at": now}
    conn.execute(insert(_TABLE), [row])
    note(conn, who, "sip2.add", f"sip2:{machine.name}", now, after=values)


def set_password(
    conn: Connection, who: Actor, name: str, password: str, now: dt.datetime
) -> None:
    """Give a new password, from the next login on. Raises BadAccount, WeakPassword."""
    passwords.require_good(password, name)
    _change(conn, name, {"password": passwords.hashed(password)})
    forget_tries(conn, guarded(name))
    note(conn, who, "sip2.passwd", f"sip2:{name}", now)


def set_disabled(
    conn: Connection, who: Actor, name: str, now: dt.datetime, *, disabled: bool
) -> None:
    """Close or open an account, from the next request on. Raises BadAccount."""
    _change(conn, name, {"disabled": disabled})
    what = "sip2.disable" if disabled else "sip2.enable"
    note(conn, who, what, f"sip2:{name}", now)


def guarded(name: str) -> str:
    """Under which name wrong passwords are counted: no member of staff has it."""
    return f"{MACHINE}{name[:_LONGEST_NAME]}"


def machines(conn: Connection) -> tuple[Machine, ...]:
    rows = conn.execute(select(_TABLE).order_by(_TABLE.c.name)).mappings()
    return tuple(map(_machine, rows))


def machine(conn: Connection, name: str) -> Machine | None:
    """An account that may be used."""
    row = one(conn, _TABLE, name)
    return None if row is None or row["disabled"] else _machine(row)


def stored_password(conn: Connection, name: str) -> str | None:
    row = one(conn, _TABLE, name)
    return None if row is None else str(row["password"])


def _check(conn: Connection, new: Machine) -> None:
    if not _NAME.fullmatch(spelled(new.name)):
        text = f"{new.name!r}: letters, digits, . - _; at most 32"
        raise BadAccount("name", text, name=new.name)
    if one(conn, _TABLE, new.name) is not None:
        text = f"there is an account {new.name!r} already"
        raise BadAccount("taken", text, name=new.name)
    if one(conn, schema.sites, new.site_id) is None:
        text = f"there is no site {new.site_id!r}"
        raise BadAccount("unknown_site", text, site=new.site_id)
    try:
        _ = new.dialect
    except ValueError as err:
        raise BadAccount("charset", str(err)) from err


def _change(conn: Connection, name: str, values: Mapping[str, object]) -> None:
    mine = _TABLE.c.name == name
    if not conn.execute(update(_TABLE).where(mine).values(values)).rowcount:
        raise BadAccount("unknown", f"there is no account {name!r}", name=name)


def _machine(row: RowMapping) -> Machine:
    return Machine(**{name: row[name] for name in Machine.__struct_fields__})
