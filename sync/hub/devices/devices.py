"""Kiosks as the hub knows them."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.rows import one
from sync.protocol import Heartbeat

_NUMBERED = re.compile(r"kiosk-(\d+)")


class UnknownKiosk(Refusal, LookupError):
    """There is no such device; the text names it."""


class DeviceState(enum.StrEnum):
    """REVOKED: out of service; its facts still come in, apart, for staff."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Device:
    """Both keys are hex; no two devices share a `public_key`.

    `box_key` is empty for a device that came before sticks were exchanged.
    """

    kiosk_id: str
    site_id: str
    public_key: str
    state: DeviceState
    box_key: str = ""


def device(conn: Connection, kiosk_id: str) -> Device | None:
    """The device of this name."""
    row = one(conn, schema.devices, kiosk_id)
    return None if row is None else _device(row)


def device_of_key(conn: Connection, public_key: str) -> Device | None:
    """The device that enrolled with this key (hex), revoked ones too."""
    table = schema.devices
    rows = conn.execute(select(table).where(table.c.public_key == public_key))
    row = rows.mappings().one_or_none()
    return None if row is None else _device(row)


def add_device(
    conn: Connection,
    site_id: str,
    public_key: str,
    box_key: str,
    hostname: str,
    now: dt.datetime,
    former: str | None = None,
) -> Device:
    """Add a device under its `former` name, or the next free one. None is ever deleted.

    A restored hub counts from behind: kiosks that it forgot have names beyond.
    """
    kiosk_id = former or _next_name(conn)
    row = {
        "kiosk_id": kiosk_id,
        "site_id": site_id,
        "public_key": public_key,
        "box_key": box_key,
        "hostname": hostname,
        "state": DeviceState.ACTIVE.value,
        "enrolled_at": now,
    }
    conn.execute(insert(schema.devices), [row])
    return Device(kiosk_id, site_id, public_key, DeviceState.ACTIVE, box_key)


def revoke(conn: Connection, kiosk_id: str, why: str = "") -> None:
    """Put a device out of service; its key stays taken."""
    _set_state(conn, kiosk_id, DeviceState.REVOKED, why)


def reinstate(conn: Connection, kiosk_id: str) -> None:
    """Put a device back into service; what was set aside stays with staff."""
    _set_state(conn, kiosk_id, DeviceState.ACTIVE, "")


def note_heartbeat(
    conn: Connection, kiosk_id: str, heartbeat: Heartbeat, now: dt.datetime
) -> None:
    """Keep what a device said of itself last, and when."""
    table = schema.devices
    body = msgspec.json.encode(heartbeat).decode()
    conn.execute(
        update(table)
        .where(table.c.kiosk_id == kiosk_id)
        .values(last_seen_at=now, heartbeat=body)
    )


def _next_name(conn: Connection) -> str:
    names = conn.execute(select(schema.devices.c.kiosk_id)).scalars()
    numbers = [int(found[1]) for name in names if (found := _NUMBERED.fullmatch(name))]
    return f"kiosk-{max(numbers, default=0) + 1:04d}"


def _set_state(conn: Connection, kiosk_id: str, state: DeviceState, why: str) -> None:
    table = schema.devices
    conn.execute(
        update(table)
        .where(table.c.kiosk_id == kiosk_id)
        .values(state=state.value, why_revoked=why)
    )


def _device(row: RowMapping) -> Device:
    return Device(
        kiosk_id=row["kiosk_id"],
        site_id=row["site_id"],
        public_key=row["public_key"],
        state=DeviceState(row["state"]),
        box_key=row["box_key"],
    )
