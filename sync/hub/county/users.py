"""Staff accounts of the desk."""

from __future__ import annotations

import datetime as dt
import enum

from sqlalchemy import Connection
from werkzeug.security import generate_password_hash

from sync.hub.store import schema
from sync.hub.store.rows import put_rows

MIN_PASSWORD = 8


class Role(enum.StrEnum):
    """ADMIN may do everything; STAFF works at the desk."""

    ADMIN = "admin"
    STAFF = "staff"


class WeakPassword(ValueError):
    """Too short to be a password."""


def put_user(
    conn: Connection, name: str, password: str, role: Role, now: dt.datetime
) -> None:
    """Make an account, or give it a new password and role. Raises WeakPassword."""
    if len(password) < MIN_PASSWORD:
        raise WeakPassword(f"a password has at least {MIN_PASSWORD} signs")
    row = {
        "name": name,
        "password": generate_password_hash(password),
        "role": role.value,
        "created_at": now,
    }
    put_rows(conn, schema.users, [row])
