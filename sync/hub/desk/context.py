"""What every page of the desk needs: the database, the clock, its names."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import current_app
from sqlalchemy import insert, select

from sync.hub.store import schema
from sync.hub.store.database import Database

Clock = Callable[[], dt.datetime]
_KEY_SETTING = "desk_session_key"


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """Made once per application; shared by all request threads.

    `key`: the hub's own, which signs rules.
    """

    database: Database
    hosts: frozenset[str]
    clock: Clock
    key: Ed25519PrivateKey


def desk() -> Desk:
    """Return the desk of the application that serves this request."""
    found: Desk = current_app.extensions["desk"]
    return found


def session_key(database: Database) -> str:
    """Return the key that signs sessions; every worker of the hub has the same one."""
    table = schema.settings
    stored = select(table.c.value).where(table.c.name == _KEY_SETTING)
    with database.writing() as conn:
        key: str | None = conn.execute(stored).scalar_one_or_none()
        if key is None:
            key = secrets.token_hex(32)
            conn.execute(insert(table).values(name=_KEY_SETTING, value=key))
        return key
