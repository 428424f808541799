"""The county's sites as they are: what is known of each, and the tree they form."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, RowMapping, select

from sync.hub.county.calendars import Calendar
from sync.hub.county.tree import Parents, in_order, ring
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.rows import Row, one

#: From the top down; a site stands below one of a higher level.
LEVELS = ("HUB", "BRANCH", "POINT")
_SITES, _HISTORY = schema.sites, schema.site_history


class Kind(enum.StrEnum):
    """What a site is besides its level in the tree."""

    COUNTY_LIBRARY = "county_library"
    CULTURE_CENTRE = "culture_centre"
    TOWNSHIP_STATION = "township_station"
    VILLAGE_CENTRE = "village_centre"
    FARMHOUSE_LIBRARY = "farmhouse_library"
    STUDY_ROOM = "study_room"
    STREET_MACHINE = "street_machine"
    SCHOOL = "school"
    BOOKSHOP = "bookshop"
    WORKPLACE = "workplace"
    MOBILE = "mobile"


class State(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ForeignReturn(enum.StrEnum):
    """What becomes of a copy that is returned where it does not belong.

    RETURN_HOME: it goes home, by a line on the transfer list. KEEP_UNTIL_ROUTE: it is
    lent from here until a van takes it. FLOAT: it stays, if one library owns both.
    """

    RETURN_HOME = "return_home"
    KEEP_UNTIL_ROUTE = "keep_until_route"
    FLOAT = "float"


#: Where no site from here to the top says otherwise.
DEFAULT_FOREIGN_RETURN = ForeignReturn.KEEP_UNTIL_ROUTE


class Why(enum.StrEnum):
    """What is wrong with a change, for pages that say it in their own words."""

    INCOMPLETE = "incomplete"
    TAKEN = "taken"
    UNKNOWN = "unknown"
    LEVEL = "level"
    ORPHAN = "orphan"
    NO_CHANGE = "no_change"
    ABOVE_CLOSED = "above_closed"
    IN_USE = "in_use"
    NUMBER = "number"
    RING = "ring"


class BadSite(Refusal, ValueError):
    """A site that can't be made or changed like that."""

    def __init__(self, why: Why, text: str) -> None:
        super().__init__(text)
        self.why = why


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the county knows of a place. `division`: its official code, 6 to 12 digits.

    `foreign_return`: None for that of the site above.
    """

    division: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    area_m2: int | None = None
    seats: int | None = None
    foreign_return: ForeignReturn | None = None


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A site in the tree. `depth` counts from the top.

    `calendar` and `foreign_return` may be those of a site above.
    """

    site_id: str
    name: str
    short_name: str
    level: str
    kind: str
    state: State
    parent: str | None
    depth: int
    keeper: str
    phone: str
    profile: Profile
    calendar: Calendar | None
    foreign_return: ForeignReturn


@dataclass(frozen=True, slots=True)
class Former:
    """Where a site belonged, and its state, until it changed."""

    until: dt.datetime
    parent: str | None
    state: State


def site_tree(conn: Connection) -> list[SiteEntry]:
    """Every site after the one above it."""
    return list(_entries(conn.execute(select(_SITES)).mappings()).values())


def site_entries(
    conn: Connection, wanted: Sequence[str], parents: Parents
) -> list[SiteEntry]:
    """These sites in this order; those above them are read as well, no others."""
    needed = {site for each in wanted for site in _upwards(each, parents)}
    rows = conn.execute(select(_SITES).where(_SITES.c.site_id.in_(needed)))
    found = _entries(rows.mappings())
    return [found[site_id] for site_id in wanted if site_id in found]


def site_entry(conn: Connection, site_id: str) -> SiteEntry | None:
    """One site; None if there is none of this number."""
    return _entries(_row_and_above(conn, site_id)).get(site_id)


def history(conn: Connection, site_id: str) -> list[Former]:
    """What a site was before, the latest first."""
    rows = conn.execute(
        select(_HISTORY)
        .where(_HISTORY.c.site_id == site_id)
        .order_by(_HISTORY.c.until.desc())
    )
    return [Former(row.until, row.parent, State(row.state)) for row in rows]


def parents_of_sites(conn: Connection) -> Parents:
    rows = conn.execute(select(_SITES.c.site_id, _SITES.c.parent))
    return {row.site_id: row.parent for row in rows}


def owner_of_site(conn: Connection, site_id: str) -> str:
    """The ISIL of the library that a site belongs to; the county's if none is said."""
    for row in _row_and_above(conn, site_id):
        if row["isil"]:
            return str(row["isil"])
    county = one(conn, schema.settings, "isil")
    return "" if county is None else str(county["value"])


def library_name(conn: Connection, isil: str) -> str:
    """The name of a library of the county by its ISIL; "" for one from elsewhere."""
    table = schema.sites.c
    named = select(table.name).where(table.isil == isil).order_by(table.site_id)
    found: str | None = conn.execute(named.limit(1)).scalar_one_or_none()
    if found or not isil:
        return found or ""
    county = one(conn, schema.settings, "isil")
    if county is None or county["value"] != isil:
        return ""
    name = one(conn, schema.settings, "county_name")
    return str(name["value"]) if name else ""


def require_tree(conn: Connection) -> None:
    """After sites were written as they came. Raises BadSite if one is below itself."""
    around = ring(parents_of_sites(conn))
    if around:
        names = ", ".join(sorted(around))
        raise BadSite(Why.RING, f"these sites lie below each other: {names}")


def calendar_of(row: RowMapping) -> Calendar | None:
    """A site's own hours; None if it has those of the site above."""
    text = row["calendar"]
    return msgspec.json.decode(text, type=Calendar) if text else None


def profile_of(row: Row | RowMapping) -> Profile:
    """What a row of `schema.sites` says of the place."""
    return msgspec.json.decode(row["profile"], type=Profile)


def _row_and_above(conn: Connection, site_id: str) -> Iterator[RowMapping]:
    """A site and those above it, upwards. Ends even if the tree has a ring in it."""
    seen: set[str] = set()
    row = one(conn, _SITES, site_id)
    while row is not None and row["site_id"] not in seen:
        yield row
        seen.add(row["site_id"])
        row = one(conn, _SITES, row["parent"]) if row["parent"] else None


def _upwards(site_id: str, parents: Parents) -> Iterator[str]:
    """A site and those above it, of a tree without rings."""
    above: str | None = site_id
    while above is not None:
        yield above
        above = parents.get(above)


def _entries(rows: Iterable[RowMapping]) -> dict[str, SiteEntry]:
    """Each site after the one above it, which gives what it does not say itself."""
    by_id = {row["site_id"]: row for row in rows}
    parents = {site_id: row["parent"] for site_id, row in by_id.items()}
    found: dict[str, SiteEntry] = {}
    for site_id, depth in in_order(parents):
        row = by_id[site_id]
        found[site_id] = _entry(row, depth, found.get(row["parent"]))
    return found


def _entry(row: RowMapping, depth: int, above: SiteEntry | None) -> SiteEntry:
    names = ("site_id", "name", "short_name", "kind", "parent", "keeper", "phone")
    profile = profile_of(row)
    inherited = above.foreign_return if above else DEFAULT_FOREIGN_RETURN
    return SiteEntry(
        **{name: row[name] for name in names},
        level=row["level"].upper(),
        state=State(row["state"]),
        depth=depth,
        profile=profile,
        calendar=calendar_of(row) or (above.calendar if above else None),
        foreign_return=profile.foreign_return or inherited,
    )
