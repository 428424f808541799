"""What a hub needs before its first request: schema, secrets, its key and rules."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, make_url

from sync.hub.county.default_rules import default_rules
from sync.hub.county.rulebook import newest_version, put_rules
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.database import BadDatabase, Database
from sync.hub.store.rows import one, put_rows
from sync.hub.store.upgrade import upgrade
from sync.keys import load_key, load_or_make_key, sign_rules

SALT_BYTES = 16
SECRET_BYTES = 32
_ISIL, _COUNTY, _NONCE, _SALT = "isil", "county_name", "nonce_secret", "salt"


class NotInitialised(BadDatabase):
    """`tongjie hub init` was never run on this database."""


class InitialisedAlready(Refusal, ValueError):
    """The database belongs to a county already."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub that can serve: its database, its county, its key and its secret."""

    database: Database
    key: Ed25519PrivateKey
    isil: str
    county_name: str
    nonce_secret: bytes


def default_key_path(url: str) -> Path | None:
    """`hub.key` beside a SQLite file; None where there is no file to lie beside."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database).absolute().parent / "hub.key"


def init_hub(
    database: Database, key_path: Path, isil: str, county_name: str, now: dt.datetime
) -> Hub:
    """Make a new county: schema, secrets, key and the default rules.

    Raises InitialisedAlready, and then nothing is changed.
    """
    upgrade(database)
    key = load_or_make_key(key_path)
    with database.writing() as conn:
        if _setting(conn, _ISIL) is not None:
            raise InitialisedAlready("this database has a county already")
        salt = secrets.token_hex(SALT_BYTES)
        values = {
            _ISIL: isil,
            _COUNTY: county_name,
            _SALT: salt,
            _NONCE: secrets.token_hex(SECRET_BYTES),
        }
        rows = [{"name": name, "value": value} for name, value in values.items()]
        put_rows(conn, schema.settings, rows)
        if newest_version(conn) == 0:
            put_rules(conn, sign_rules(key, default_rules(isil, salt)), now)
    return open_hub(database, key_path)


def open_hub(database: Database, key_path: Path) -> Hub:
    """Bring the schema up to date and read what `init_hub` made.

    Raises NotInitialised, BadDatabase, BadKey, FileNotFoundError.
    """
    if not database.exists:
        raise NotInitialised("there is no such database: run `tongjie hub init` first")
    upgrade(database)
    with database.reading() as conn:
        isil, county = county_names(conn)
        secret = _setting(conn, _NONCE)
    if secret is None:
        raise NotInitialised("no county yet: run `tongjie hub init` first")
    return Hub(database, load_key(key_path), isil, county, bytes.fromhex(secret))


def county_names(conn: Connection) -> tuple[str, str]:
    """The county library's ISIL, and what the county is called. Raises NotInitialised."""
    isil, county = _setting(conn, _ISIL), _setting(conn, _COUNTY)
    if isil is None or county is None:
        raise NotInitialised("no county yet: run `tongjie hub init` first")
    return isil, county


def _setting(conn: Connection, name: str) -> str | None:
    row = one(conn, schema.settings, name)
    return None if row is None else str(row["value"])
