"""Changes of the county's sites; what they were is kept.

A site is never deleted: loans, events and figures go on to name it. It is closed,
and what it was until then stands in `site_history`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from kiosk.domain.values import Site
from sync.hub.county.audit import Actor, note
from sync.hub.county.calendars import Calendar, special_written, week_written
from sync.hub.county.site_tree import (
    LEVELS,
    BadSite,
    ForeignReturn,
    Kind,
    Profile,
    State,
    Why,
    calendar_of,
    profile_of,
)
from sync.hub.feed.areas import names_follow
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema
from sync.hub.store.rows import one

_SITES, _HISTORY, _DEVICES = schema.sites, schema.site_history, schema.devices


def add_site(
    conn: Connection,
    who: Actor,
    site: Site,
    kind: Kind,
    profile: Profile,
    now: dt.datetime,
) -> None:
    """Make a new site. Raises BadSite."""
    if not site.site_id.strip() or not site.name.strip():
        raise BadSite(Why.INCOMPLETE, "a site has a number and a name")
    if one(conn, _SITES, site.site_id) is not None:
        raise BadSite(Why.TAKEN, f"there is a site {site.site_id!r} already")
    _require_place(conn, site.site_id, site.level, site.parent)
    row = asdict(site) | {
        "level": site.level.upper(),
        "kind": kind.value,
        "profile": msgspec.json.encode(profile).decode(),
    }
    conn.execute(insert(_SITES), [row])
    mark(conn, Feed.SITE, [site.site_id])
    after = {name: row[name] for name in ("name", "level", "kind", "parent")}
    note(conn, who, "site.add", f"site:{site.site_id}", now, after=after)


def move_site(
    conn: Connection,
    who: Actor,
    site_id: str,
    parent: str | None,
    now: dt.datetime,
    reason: str = "",
) -> None:
    """Put a site, with all below it, below another one. Raises BadSite."""
    row = _row(conn, site_id)
    if row["parent"] == parent:
        raise BadSite(Why.NO_CHANGE, f"{site_id} is below {parent} already")
    _require_place(conn, site_id, row["level"], parent)
    with names_follow(conn):
        _change(conn, row, {"parent": parent}, now)
    before, after = {"parent": row["parent"]}, {"parent": parent}
    about = f"site:{site_id}"
    note(conn, who, "site.move", about, now, before=before, after=after, reason=reason)


def close_site(
    conn: Connection, who: Actor, site_id: str, now: dt.datetime, reason: str
) -> None:
    """Put a site out of use; its history stays. Raises BadSite."""
    row = _row(conn, site_id)
    if row["state"] == State.CLOSED:
        raise BadSite(Why.NO_CHANGE, f"{site_id} is closed already")
    _require_empty(conn, site_id)
    _change(conn, row, {"state": State.CLOSED.value}, now)
    note(conn, who, "site.close", f"site:{site_id}", now, reason=reason)


def reopen_site(
    conn: Connection, who: Actor, site_id: str, now: dt.datetime, reason: str
) -> None:
    """Put a closed site back into use, where it was. Raises BadSite."""
    row = _row(conn, site_id)
    if row["state"] == State.OPEN:
        raise BadSite(Why.NO_CHANGE, f"{site_id} is open")
    _require_place(conn, site_id, row["level"], row["parent"])
    _change(conn, row, {"state": State.OPEN.value}, now)
    note(conn, who, "site.reopen", f"site:{site_id}", now, reason=reason)


def set_calendar(
    conn: Connection,
    who: Actor,
    site_id: str,
    calendar: Calendar | None,
    now: dt.datetime,
) -> None:
    """Give a site hours of its own; None for those of the site above. Raises BadSite."""
    row = _row(conn, site_id)
    text = msgspec.json.encode(calendar).decode() if calendar else None
    mine = _SITES.c.site_id == site_id
    conn.execute(update(_SITES).where(mine).values(calendar=text))
    before, after = _hours_noted(calendar_of(row)), _hours_noted(calendar)
    note(conn, who, "site.calendar", f"site:{site_id}", now, before=before, after=after)


def set_foreign_return(
    conn: Connection,
    who: Actor,
    site_id: str,
    policy: ForeignReturn | None,
    now: dt.datetime,
) -> None:
    """Say what becomes of others' copies; None: as at the site above. Raises BadSite.

    It holds from the next return on.
    """
    row = _row(conn, site_id)
    was = profile_of(row)
    profile = msgspec.structs.replace(was, foreign_return=policy)
    text = msgspec.json.encode(profile).decode()
    conn.execute(update(_SITES).where(_SITES.c.site_id == site_id).values(profile=text))
    before, after = {"foreign": was.foreign_return}, {"foreign": policy}
    about = f"site:{site_id}"
    note(conn, who, "site.foreign_return", about, now, before=before, after=after)


def _row(conn: Connection, site_id: str) -> RowMapping:
    row = one(conn, _SITES, site_id)
    if row is None:
        raise BadSite(Why.UNKNOWN, f"there is no site {site_id!r}")
    return row


def _require_place(
    conn: Connection, site_id: str, level: str, parent: str | None
) -> None:
    """A higher level above it, so that no site is ever below itself."""
    rank = _rank(level)
    if parent is None:
        if rank:
            raise BadSite(
                Why.ORPHAN, f"{site_id} is a {level.lower()}: it needs a site above it"
            )
        return
    above = _row(conn, parent)
    if above["state"] == State.CLOSED:
        raise BadSite(Why.ABOVE_CLOSED, f"{parent} is closed")
    if _rank(above["level"]) >= rank:
        raise BadSite(
            Why.LEVEL,
            f"{site_id} ({level.lower()}) can't be below {parent}"
            f" ({above['level'].lower()})",
        )


def _rank(level: str) -> int:
    try:
        return LEVELS.index(level.upper())
    except ValueError as err:
        raise BadSite(Why.LEVEL, f"{level!r} is no level: {', '.join(LEVELS)}") from err


def _require_empty(conn: Connection, site_id: str) -> None:
    below = select(_SITES.c.site_id).where(
        _SITES.c.parent == site_id, _SITES.c.state == State.OPEN.value
    )
    kiosks = select(_DEVICES.c.kiosk_id).where(
        _DEVICES.c.site_id == site_id, _DEVICES.c.state == "active"
    )
    for statement, what in ((below, "sites below it"), (kiosks, "kiosks there")):
        found = conn.execute(statement).scalars().all()
        if found:
            raise BadSite(
                Why.IN_USE, f"{site_id} still has {what}: {', '.join(sorted(found))}"
            )


def _change(
    conn: Connection, row: RowMapping, values: Mapping[str, object], now: dt.datetime
) -> None:
    """Change a site and keep what it was until now."""
    former = {name: row[name] for name in ("site_id", "parent", "state")}
    conn.execute(insert(_HISTORY), [former | {"until": now}])
    mine = _SITES.c.site_id == row["site_id"]
    conn.execute(update(_SITES).where(mine).values(values))
    mark(conn, Feed.SITE, [row["site_id"]])


def _hours_noted(calendar: Calendar | None) -> dict[str, object]:
    if calendar is None:
        return {"week": None, "special": None}
    special = special_written(calendar.special).replace("\n", "; ")
    return {"week": week_written(calendar.week), "special": special}
