"""Kiosks as the hub knows them."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from sync.hub import schema
from sync.hub.rows import one
from sync.protocol import Heartbeat


class DeviceState(enum.StrEnum):
    """REVOKED: out of service; its facts still come in, apart, for staff."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Device:
    """`public_key` is hex; no two devices share one."""

    kiosk_id: str
    site_id: str
    public_key: str
    state: DeviceState


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
    conn: Connection, site_id: str, public_key: str, hostname: str, now: dt.datetime
) -> Device:
    """Give a new device the next free name. Devices are never deleted."""
    count = conn.execute(select(func.count()).select_from(schema.devices)).scalar_one()
    kiosk_id = f"kiosk-{count + 1:04d}"
    row = {
        "kiosk_id": kiosk_id,
        "site_id": site_id,
        "public_key": public_key,
        "hostname": hostname,
        "state": DeviceState.ACTIVE.value,
        "enrolled_at": now,
    }
    conn.execute(insert(schema.devices), [row])
    return Device(kiosk_id, site_id, public_key, DeviceState.ACTIVE)


def revoke(conn: Connection, kiosk_id: str) -> None:
    """Put a device out of service; its key stays taken."""
    table = schema.devices
    conn.execute(
        update(table)
        .where(table.c.kiosk_id == kiosk_id)
        .values(state=DeviceState.REVOKED.value)
    )


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


def _device(row: RowMapping) -> Device:
    return Device(
        kiosk_id=row["kiosk_id"],
        site_id=row["site_id"],
        public_key=row["public_key"],
        state=DeviceState(row["state"]),
    )
