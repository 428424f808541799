"""A copy under the scanner: for whoever waits for it, or back to its shelf."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from kiosk.domain.credentials import normalise
from sync.hub.circulation.hold_acts import Deed, HoldError, put_back, set_aside
from sync.hub.circulation.hold_copies import wanted_copies
from sync.hub.circulation.hold_values import ACTIVE, HoldState
from sync.hub.store import schema

_HOLDS = schema.holds


class Where(enum.StrEnum):
    """Where the copy goes. KEPT: it was on the hold shelf already. HOME: away from here."""

    HOLD_SHELF = "hold_shelf"
    KEPT = "kept"
    SEND = "send"
    SHELF = "shelf"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Scanned:
    """`to_site`: where a copy that nobody waits for has to go."""

    item: str
    where: Where
    hold_id: str
    to_site: str = ""


def scan(conn: Connection, barcode: str, site_id: str, by: Deed) -> Scanned:
    """Set the copy aside for the first who waits, or clear it away. Raises HoldError."""
    item = normalise(barcode)
    row = _with_copy(conn, item)
    if row is None or (row["state"] not in ACTIVE and _first(conn, item)):
        return _for_the_first(conn, item, site_id, by)
    if row["state"] not in ACTIVE:
        to_site = put_back(conn, row["hold_id"], by)
        where = Where.HOME if to_site else Where.SHELF
        return Scanned(item, where, row["hold_id"], to_site)
    here = row["site_id"] == site_id
    if row["state"] == HoldState.READY and here:
        return Scanned(item, Where.KEPT, row["hold_id"])
    return _set_aside(conn, row["hold_id"], item, site_id, by)


def _with_copy(conn: Connection, item: str) -> RowMapping | None:
    """The hold that this copy is kept for, or has been until its end."""
    query = select(_HOLDS).where(_HOLDS.c.copy == item)
    rows = conn.execute(query.order_by(_HOLDS.c.since.desc())).mappings().all()
    active = [row for row in rows if row["state"] in ACTIVE]
    return next(iter([*active, *rows]), None)


def _first(conn: Connection, item: str) -> str | None:
    query = wanted_copies().where(schema.items.c.barcode == item).limit(1)
    row = conn.execute(query).mappings().first()
    return None if row is None else str(row["hold_id"])


def _for_the_first(conn: Connection, item: str, site_id: str, by: Deed) -> Scanned:
    hold_id = _first(conn, item)
    if hold_id is None:
        raise HoldError("nobody_waits", f"nobody waits for {item}")
    return _set_aside(conn, hold_id, item, site_id, by)


def _set_aside(
    conn: Connection, hold_id: str, item: str, site_id: str, by: Deed
) -> Scanned:
    hold = set_aside(conn, hold_id, item, site_id, by)
    ready = hold.state is HoldState.READY
    return Scanned(item, Where.HOLD_SHELF if ready else Where.SEND, hold_id)
