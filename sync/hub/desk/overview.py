"""The county at a glance: today's figures, devices and sites."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from kiosk.domain.values import county_day, county_time
from sync.hub.circulation.cases import CaseState
from sync.hub.county.permits import Reach
from sync.hub.county.tree import in_order
from sync.hub.desk.lookups import site_names
from sync.hub.desk.permission import within
from sync.hub.devices.devices import DeviceState
from sync.hub.store import schema
from sync.hub.transfers.lists import count_late
from sync.protocol import Heartbeat

#: A kiosk reports at least this often while its network is up.
FRESH = dt.timedelta(minutes=3)
#: A village may be without network for days; after this somebody should call.
LONG_SILENT = dt.timedelta(days=2)


class Presence(enum.StrEnum):
    """How long ago the hub heard of a device."""

    ONLINE = "online"
    SILENT = "silent"
    LOST = "lost"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Figures:
    """`loans` and `returns` are those that happened today in the county's time.

    `transfers`: copies that are on their way for too long.
    """

    loans: int
    returns: int
    open_loans: int
    overdue: int
    cases: int
    transfers: int


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A kiosk. `pending` and `version` are what it said last, None if it never did."""

    kiosk_id: str
    site: str
    revoked: bool
    presence: Presence
    last_seen_at: dt.datetime | None
    pending: int | None
    version: str | None


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A site with today's loans and returns there and the copies that are at home."""

    site_id: str
    name: str
    level: str
    items: int
    loans: int
    returns: int


def day_start(now: dt.datetime) -> dt.datetime:
    """Return the last midnight in the county."""
    local = county_time(now)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def county_name(conn: Connection) -> str:
    """Return what the county calls itself, as `tongjie hub init` was told."""
    settings = schema.settings.c
    name = select(settings.value).where(settings.name == "county_name")
    return str(conn.execute(name).scalar_one_or_none() or "")


def figures(conn: Connection, now: dt.datetime, reach: Reach) -> Figures:
    """Count what happened at the sites within reach."""
    loans, cases = schema.loans.c, schema.cases.c
    today = county_day(now)
    is_open = loans.returned_at.is_(None)
    lent_here = within(reach, loans.loan_site)
    return Figures(
        loans=_count(conn, lent_here, loans.loaned_at >= day_start(now)),
        returns=_count(
            conn,
            within(reach, loans.return_site),
            loans.returned_at >= day_start(now),
        ),
        open_loans=_count(conn, lent_here, is_open),
        overdue=_count(conn, lent_here, is_open, loans.due_on < today),
        cases=_count(
            conn, within(reach, cases.site_id), cases.state == CaseState.OPEN.value
        ),
        transfers=count_late(conn, now, reach),
    )


def devices(conn: Connection, now: dt.datetime, reach: Reach) -> list[DeviceLine]:
    """Return the devices within reach, those that need a look first."""
    names = site_names(conn)
    here = within(reach, schema.devices.c.site_id)
    rows = conn.execute(select(schema.devices).where(here)).mappings().all()
    lines = []
    for row in rows:
        said = _heartbeat(row["heartbeat"])
        lines.append(
            DeviceLine(
                kiosk_id=row["kiosk_id"],
                site=names.get(row["site_id"], row["site_id"]),
                revoked=row["state"] == DeviceState.REVOKED,
                presence=_presence(row["last_seen_at"], now),
                last_seen_at=row["last_seen_at"],
                pending=said.pending if said else None,
                version=said.version if said else None,
            )
        )
    order = list(Presence)[::-1]
    return sorted(lines, key=lambda line: (order.index(line.presence), line.kiosk_id))


def sites(conn: Connection, now: dt.datetime, reach: Reach) -> list[SiteLine]:
    """Return the sites within reach each after the one above it."""
    table, loans, items = schema.sites, schema.loans.c, schema.items.c
    start = day_start(now)
    lent = _count_by(conn, loans.loan_site, loans.loaned_at >= start)
    returned = _count_by(conn, loans.return_site, loans.returned_at >= start)
    stock = _count_by(conn, items.home_site)
    here = within(reach, table.c.site_id)
    rows = {row.site_id: row for row in conn.execute(select(table).where(here))}
    parents = {site_id: row.parent for site_id, row in rows.items()}
    return [
        SiteLine(
            site_id=row.site_id,
            name=row.name,
            level=row.level,
            items=stock.get(row.site_id, 0),
            loans=lent.get(row.site_id, 0),
            returns=returned.get(row.site_id, 0),
        )
        for row in (rows[site_id] for site_id, _depth in in_order(parents))
    ]


def _presence(seen: dt.datetime | None, now: dt.datetime) -> Presence:
    if seen is None:
        return Presence.NEVER
    if now - seen <= FRESH:
        return Presence.ONLINE
    return Presence.SILENT if now - seen <= LONG_SILENT else Presence.LOST


def _heartbeat(text: str | None) -> Heartbeat | None:
    return msgspec.json.decode(text, type=Heartbeat) if text else None


def _count(conn: Connection, *conditions: ColumnElement[bool]) -> int:
    statement = select(func.count()).where(*conditions)
    return int(conn.execute(statement).scalar_one())


def _count_by(
    conn: Connection, key: ColumnElement[str], *conditions: ColumnElement[bool]
) -> dict[str, int]:
    statement = select(key, func.count()).where(*conditions).group_by(key)
    return {row[0]: row[1] for row in conn.execute(statement)}
