"""The county's rules: every signed version is kept, the newest one is in force."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, func, insert, select

from kiosk.domain.rules import Rules
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema
from sync.protocol import SignedRules


class NoRules(LookupError):
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
