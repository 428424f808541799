"""One-time codes by which a new device becomes known.

A code is 16 signs: four that find it and twelve (60 bits) that prove it. It is
good for half an hour, five tries and one device; asking again with the same key
gives the same answer, since the first one may have been lost on the way.
"""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from werkzeug.security import check_password_hash, generate_password_hash

from sync.hub.devices.devices import Device, add_device, device, device_of_key
from sync.hub.refusal import Refusal
from sync.hub.store import schema

LIFE = dt.timedelta(minutes=30)
TRIES = 5
#: Digits and letters without those that look alike; 5 bits each.
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_SIGNS = 4
_SECRET_SIGNS = 12
_LOOK_ALIKE = str.maketrans("OIL", "011")


class UnknownSite(Refusal, LookupError):
    """There is no such site."""


class NameInUse(Refusal, ValueError):
    """A device of this name is known; the text says which."""


class KeyInUse(ValueError):
    """The public key belongs to a device already."""


def make_code(
    conn: Connection, site_id: str, now: dt.datetime, former: str | None = None
) -> str:
    """Make a code for one device at this site. Raises UnknownSite, NameInUse.

    `former`: the name of a device that this hub has forgotten since it was restored.
    """
    if former is not None and device(conn, former) is not None:
        raise NameInUse(f"{former} is enrolled")
    sites, codes = schema.sites.c, schema.enrol_codes
    if not conn.execute(select(sites.site_id).where(sites.site_id == site_id)).all():
        raise UnknownSite(f"there is no site {site_id!r}")
    conn.execute(delete(codes).where(codes.c.expires_at <= now))
    code_id, secret = _fresh_id(conn), _signs(_SECRET_SIGNS)
    row = {
        "code_id": code_id,
        "digest": generate_password_hash(secret),
        "site_id": site_id,
        "created_at": now,
        "expires_at": now + LIFE,
        "tries_left": TRIES,
        "for_kiosk": former,
    }
    conn.execute(insert(codes), [row])
    return _grouped(code_id + secret)


def redeem(
    conn: Connection,
    code: str,
    public_key: str,
    box_key: str,
    hostname: str,
    now: dt.datetime,
) -> Device | None:
    """Enrol the device that holds this key; None if the code is no good.

    A wrong try is counted in the same transaction: it must be committed, so it is
    a value and not an exception. Raises KeyInUse.
    """
    row = _matching(conn, code, now)
    if row is None:
        return None
    known = device_of_key(conn, public_key)
    if row["kiosk_id"] is not None:
        first = device(conn, row["kiosk_id"])
        return first if first == known else None
    if known is not None:
        raise KeyInUse(f"this key is that of {known.kiosk_id}")
    former = row["for_kiosk"]
    if former is not None and device(conn, former) is not None:
        return None  # another device took the name meanwhile
    added = add_device(conn, row["site_id"], public_key, box_key, hostname, now, former)
    codes = schema.enrol_codes
    conn.execute(
        update(codes)
        .where(codes.c.code_id == row["code_id"])
        .values(kiosk_id=added.kiosk_id)
    )
    return added


def _matching(conn: Connection, code: str, now: dt.datetime) -> RowMapping | None:
    """The live code that these signs prove; a wrong proof costs a try."""
    signs = _normalised(code)
    codes = schema.enrol_codes
    rows = conn.execute(
        select(codes).where(
            codes.c.code_id == signs[:_ID_SIGNS],
            codes.c.expires_at > now,
            codes.c.tries_left > 0,
        )
    )
    row = rows.mappings().one_or_none()
    if row is None or check_password_hash(row["digest"], signs[_ID_SIGNS:]):
        return row
    conn.execute(
        update(codes)
        .where(codes.c.code_id == row["code_id"])
        .values(tries_left=row["tries_left"] - 1)
    )
    return None


def _fresh_id(conn: Connection) -> str:
    taken = set(conn.execute(select(schema.enrol_codes.c.code_id)).scalars())
    while (code_id := _signs(_ID_SIGNS)) in taken:
        pass
    return code_id


def _signs(count: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(count))


def _grouped(signs: str) -> str:
    return "-".join(signs[at : at + 4] for at in range(0, len(signs), 4))


def _normalised(code: str) -> str:
    """As typed by hand: any case, any dashes, look-alikes for what they look like."""
    signs = code.upper().translate(_LOOK_ALIKE)
    return "".join(sign for sign in signs if sign in _SIGNS)
