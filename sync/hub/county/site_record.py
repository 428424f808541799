"""What is known of a site besides its place in the tree, changed as a whole."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, RowMapping, update

from sync.hub.county.audit import Actor, note
from sync.hub.county.site_tree import BadSite, Kind, Why, profile_of
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema
from sync.hub.store.rows import one

_SITES = schema.sites
#: Fields that stand in the profile of the place.
_OF_PLACE = ("division", "address", "area_m2", "seats")
_COLUMNS = ("name", "short_name", "kind", "keeper", "phone")


class SiteRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that a person fills in. `division`: the place's official code."""

    name: str
    short_name: str
    kind: Kind
    keeper: str = ""
    phone: str = ""
    division: str = ""
    address: str = ""
    area_m2: int | None = None
    seats: int | None = None


def change_record(
    conn: Connection, who: Actor, site_id: str, record: SiteRecord, now: dt.datetime
) -> None:
    """Write the fields that changed, and note them. Raises BadSite."""
    row = one(conn, _SITES, site_id)
    if row is None:
        raise BadSite(Why.UNKNOWN, f"there is no site {site_id!r}")
    if not record.name or not record.short_name:
        raise BadSite(Why.INCOMPLETE, "a site has a name and a short name")
    if any(number is not None and number < 0 for number in _numbers(record)):
        raise BadSite(Why.NUMBER, "seats and area are not below 0")
    before, wanted = _fields(row), msgspec.structs.asdict(record)
    changed = {name: value for name, value in wanted.items() if before[name] != value}
    if not changed:
        return
    of_place = {name: wanted[name] for name in _OF_PLACE}
    profile = msgspec.structs.replace(profile_of(row), **of_place)
    values = {name: wanted[name] for name in _COLUMNS}
    text = msgspec.json.encode(profile).decode()
    mine = _SITES.c.site_id == site_id
    conn.execute(update(_SITES).where(mine).values(**values, profile=text))
    mark(conn, Feed.SITE, [site_id])
    was = {name: before[name] for name in changed}
    note(conn, who, "site.change", f"site:{site_id}", now, before=was, after=changed)


def _fields(row: RowMapping) -> dict[str, object]:
    profile = msgspec.structs.asdict(profile_of(row))
    of_place = {name: profile[name] for name in _OF_PLACE}
    return {name: row[name] for name in _COLUMNS} | of_place


def _numbers(record: SiteRecord) -> tuple[int | None, ...]:
    return record.area_m2, record.seats
