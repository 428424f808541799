"""The county at a glance: today's figures, devices and sites.

Of ten thousand points nobody reads a list, so devices come by the page, those that need
a look first, and the sites of a big county only as far as one page takes them.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from kiosk.domain.values import county_day, county_time
from sync.hub.circulation.cases import CaseState
from sync.hub.county.permits import Reach
from sync.hub.county.tree import in_order
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.permission import within
from sync.hub.devices.devices import DeviceState
from sync.hub.store import schema
from sync.hub.transfers.lists import count_late
from sync.protocol import Heartbeat

#: A kiosk reports at least this often while its network is up.
FRESH = dt.timedelta(minutes=3)
#: Devices on a page, and sites below each other.
DEVICES = 100
SITES = 200
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
class DevicePage:
    """`page` of `pages` counts from 1; `presences`: how many devices in all."""

    lines: tuple[DeviceLine, ...]
    presences: Mapping[Presence, int]
    page: int
    pages: int


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


def devices(
    conn: Connection, now: dt.datetime, reach: Reach, page: int = 1
) -> DevicePage:
    """Return a page of the devices within reach, the longest unheard of first.

    Those that are out of service come last.
    """
    table = schema.devices.c
    here = within(reach, table.site_id)
    presences = _presences(conn, now, here)
    pages = max(1, -(-sum(presences.values()) // DEVICES))
    page = min(max(1, page), pages)
    rows = conn.execute(
        select(schema.devices)
        .where(here)
        .order_by(
            table.state == DeviceState.REVOKED.value,
            table.last_seen_at.is_not(None),
            table.last_seen_at,
            table.kiosk_id,
        )
        .limit(DEVICES)
        .offset((page - 1) * DEVICES)
    )
    found = rows.mappings().all()
    names = names_of_sites(conn, [row["site_id"] for row in found])
    lines = tuple(_device(row, names, now) for row in found)
    return DevicePage(lines, presences, page, pages)


def sites(conn: Connection, now: dt.datetime, reach: Reach) -> list[SiteLine]:
    """Return the first SITES within reach, each after the one above it."""
    table, loans, items = schema.sites, schema.loans.c, schema.items.c
    here = within(reach, table.c.site_id)
    tree = conn.execute(select(table.c.site_id, table.c.parent).where(here))
    parents = {row.site_id: row.parent for row in tree}
    shown = [site for site, _depth in islice(in_order(parents), SITES)]
    rows = conn.execute(select(table).where(table.c.site_id.in_(shown)))
    by_id = {row.site_id: row for row in rows}
    start = day_start(now)
    lent = _count_by(conn, loans.loan_site, shown, loans.loaned_at >= start)
    returned = _count_by(conn, loans.return_site, shown, loans.returned_at >= start)
    stock = _count_by(conn, items.home_site, shown)
    return [
        SiteLine(
            site_id=site,
            name=by_id[site].name,
            level=by_id[site].level,
            items=stock.get(site, 0),
            loans=lent.get(site, 0),
            returns=returned.get(site, 0),
        )
        for site in shown
    ]


def _presences(
    conn: Connection, now: dt.datetime, here: ColumnElement[bool]
) -> dict[Presence, int]:
    """How many devices are how long unheard of, the worst first; only what there is."""
    seen = schema.devices.c.last_seen_at
    is_lost, is_online = seen < now - LONG_SILENT, seen >= now - FRESH
    counted = {
        Presence.NEVER: seen.is_(None),
        Presence.LOST: is_lost,
        Presence.SILENT: ~is_lost & ~is_online,
        Presence.ONLINE: is_online,
    }
    columns = [func.count().filter(those) for those in counted.values()]
    numbers = conn.execute(select(*columns).where(here)).one()
    return {one: n for one, n in zip(counted, numbers, strict=True) if n}


def _device(row: RowMapping, names: Mapping[str, str], now: dt.datetime) -> DeviceLine:
    said = _heartbeat(row["heartbeat"])
    return DeviceLine(
        kiosk_id=row["kiosk_id"],
        site=names.get(row["site_id"], row["site_id"]),
        revoked=row["state"] == DeviceState.REVOKED,
        presence=_presence(row["last_seen_at"], now),
        last_seen_at=row["last_seen_at"],
        pending=said.pending if said else None,
        version=said.version if said else None,
    )


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
    conn: Connection,
    key: ColumnElement[str],
    keys: Sequence[str],
    *conditions: ColumnElement[bool],
) -> dict[str, int]:
    statement = select(key, func.count()).where(key.in_(keys), *conditions)
    return {row[0]: row[1] for row in conn.execute(statement.group_by(key))}
