"""The county's rules: every signed version is kept, the newest one is in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, func, insert, select

from kiosk.domain.rules import Rules
from sync.hub.county.audit import Actor, note
from sync.hub.county.opening_days import with_calendars
from sync.hub.county.rule_faults import BadRules, Fault
from sync.hub.county.rule_file import read_rules
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.keys import sign_rules
from sync.protocol import SignedRules


class RulesVersion(msgspec.Struct, frozen=True):
    """A version that is or was in force, from `created_at` on."""

    version: int
    created_at: dt.datetime


class NoRules(Refusal, LookupError):
    """The database has no rules: `tongjie hub init` was never run on it."""


def current_rules(conn: Connection) -> Rules:
    """The rules in force. Raises NoRules."""
    return signed_rules(conn).rules


def signed_rules(conn: Connection) -> SignedRules:
    """The rules in force with the hub's signature. Raises NoRules."""
    table = schema.rules
    body = conn.execute(
        select(table.c.body).order_by(table.c.version.desc()).limit(1)
    ).scalar_one_or_none()
    if body is None:
        raise NoRules("no rules yet: run `tongjie hub init` first")
    return msgspec.json.decode(body, type=SignedRules)


def rules_of(conn: Connection, version: int) -> Rules:
    """One version of the rules; those in force if it was never kept."""
    table = schema.rules
    body = conn.execute(
        select(table.c.body).where(table.c.version == version)
    ).scalar_one_or_none()
    if body is None:
        return current_rules(conn)
    return msgspec.json.decode(body, type=SignedRules).rules


def newest_version(conn: Connection) -> int:
    """0 before the first."""
    found = conn.execute(select(func.max(schema.rules.c.version))).scalar()
    return int(found or 0)


def put_rules(conn: Connection, signed: SignedRules, now: dt.datetime) -> None:
    """Put a signed version in force; its number must be higher than any before."""
    if signed.rules.version <= newest_version(conn):
        raise ValueError(f"rules version {signed.rules.version} is not a new one")
    body = msgspec.json.encode(signed).decode()
    row = {"version": signed.rules.version, "body": body, "created_at": now}
    conn.execute(insert(schema.rules), [row])
    mark(conn, Feed.RULES, ["rules"])


def versions(conn: Connection) -> tuple[RulesVersion, ...]:
    """Every version, the oldest first. Raises NoRules."""
    table = schema.rules
    rows = conn.execute(
        select(table.c.version, table.c.created_at).order_by(table.c.version)
    ).all()
    if not rows:
        raise NoRules("no rules yet: run `tongjie hub init` first")
    return tuple(RulesVersion(row.version, row.created_at) for row in rows)


def put_next(
    conn: Connection, text: bytes, key: Ed25519PrivateKey, now: dt.datetime
) -> Rules:
    """Sign a rule file as the next version and put it in force. Raises BadRules."""
    rules = checked(conn, text)
    made = with_calendars(conn, replace(rules, version=rules.version + 1))
    put_rules(conn, sign_rules(key, made), now)
    return made


def calendars_are_told(conn: Connection) -> bool:
    """Whether the rules in force have the sites' days as they are now. Raises NoRules."""
    current = current_rules(conn)
    return with_calendars(conn, current) == current


def tell_calendars(
    conn: Connection, key: Ed25519PrivateKey, who: Actor, now: dt.datetime
) -> None:
    """Put the sites' days in force, as a new version, if they are others now."""
    if calendars_are_told(conn):
        return
    current = current_rules(conn)
    made = with_calendars(conn, replace(current, version=current.version + 1))
    put_rules(conn, sign_rules(key, made), now)
    note(conn, who, "rules.calendars", f"rules:{made.version}", now)


def checked(conn: Connection, text: bytes) -> Rules:
    """Read a rule file and hold it against what the county has. Raises BadRules."""
    current = current_rules(conn)
    rules = read_rules(text, current.credential)
    faults = list(_misfits(conn, rules, current))
    if faults:
        raise BadRules(faults)
    return rules


def _misfits(conn: Connection, rules: Rules, current: Rules) -> Iterator[Fault]:
    if rules.version != current.version:
        numbers = {"made": rules.version, "current": current.version}
        yield Fault("version", "older", numbers)
    kind = schema.patrons.c.patron_type
    counted = select(kind, func.count()).group_by(kind).order_by(kind)
    for name, count in conn.execute(counted):
        if name not in rules.patrons:
            yield Fault(f"patrons.{name}", "type_in_use", {"count": count})
