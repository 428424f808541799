"""What to fetch from the shelf, what is on the hold shelf, and who waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, RowMapping, Select, and_, case, exists, func, select

from kiosk.domain.values import county_day
from sync.hub.circulation.hold_copies import missed, places, wanted_copies
from sync.hub.circulation.hold_values import ACTIVE, HoldState
from sync.hub.county.permits import Reach
from sync.hub.desk.lookups import PatronName, names_of_sites, patron_names
from sync.hub.desk.permission import within
from sync.hub.store import schema

#: Copies of a title that a line names at most.
MAX_BARCODES = 5
#: Lines whose names are looked up at once.
_CHUNK = 1000

_HOLDS, _TITLES = schema.holds, schema.titles
_WAITS = _HOLDS.c.state == HoldState.WAITING.value
_HOLD_ROWS = select(_HOLDS, and_(_WAITS, missed()).label("missed"))


class PullLine(msgspec.Struct, frozen=True):
    """One book to fetch at `at`: any of these copies. `number`: the card's end."""

    hold_id: str
    at: str
    clc: str
    title: str
    author: str
    barcodes: tuple[str, ...]
    patron: str
    number: str
    pick_up: str
    pick_up_name: str
    placed_at: dt.datetime


class HoldLine(msgspec.Struct, frozen=True):
    """One hold. `copy` is set aside, at `copy_site`. `over`: not fetched in time.

    `missed`: it waits on, and a copy for it was not found on the shelf.
    """

    hold_id: str
    state: str
    title: str
    item: str
    copy: str
    copy_site: str
    patron: str
    number: str
    pick_up: str
    pick_up_name: str
    placed_at: dt.datetime
    keep_until: dt.date | None
    over: bool
    missed: bool


def pull_list(conn: Connection, sites: Reach) -> list[PullLine]:
    """What is to be fetched at these sites, in the order of the shelves."""
    pulled = [_pull_lines(conn, found) for found in _chunks(_to_pull(conn, sites))]
    return [line for part in pulled for line in part]


def pull_part(conn: Connection, sites: Reach, first: int, limit: int) -> list[PullLine]:
    """So many lines of the pull list, after the `first` ones."""
    return _pull_lines(conn, _to_pull(conn, sites)[first : first + limit])


def is_pulled(conn: Connection, hold_id: str, site: str) -> bool:
    """Whether the pull list of a site asks for a copy for this hold."""
    found = _to_pull(conn, frozenset({site}))
    return any(rows[0]["hold_id"] == hold_id for rows in found)


def hold_shelf(
    conn: Connection,
    sites: Reach,
    now: dt.datetime,
    first: int = 0,
    limit: int | None = None,
) -> list[HoldLine]:
    """What lies on the hold shelves of these sites; what is to be cleared comes first."""
    today = county_day(now)
    lying = _HOLDS.c.copy_site == _HOLDS.c.site_id
    wanted = (_HOLDS.c.copy != "") & lying & within(sites, _HOLDS.c.copy_site)
    over = _HOLDS.c.state.not_in(sorted(ACTIVE)) | (
        (_HOLDS.c.state == HoldState.READY.value) & (_HOLDS.c.keep_until < today)
    )
    over_first = case((over, 0), else_=1)
    order = (over_first, func.coalesce(_HOLDS.c.keep_until, today), _HOLDS.c.hold_id)
    query = _HOLD_ROWS.where(wanted).order_by(*order)
    return _lines(conn, query.offset(first).limit(limit), now)


def hold_queue(
    conn: Connection,
    sites: Reach,
    now: dt.datetime,
    first: int = 0,
    limit: int | None = None,
) -> list[HoldLine]:
    """Who waits for something to be fetched at these sites, title by title."""
    active = _HOLDS.c.state.in_(sorted(ACTIVE))
    query = _HOLD_ROWS.where(active, within(sites, _HOLDS.c.site_id))
    in_order = query.order_by(_HOLDS.c.title_id, _HOLDS.c.placed_at, _HOLDS.c.hold_id)
    return _lines(conn, in_order.offset(first).limit(limit), now)


def _to_pull(conn: Connection, sites: Reach) -> list[list[RowMapping]]:
    """The copies to look for, hold by hold, in the order of the shelves."""
    query = wanted_copies().add_columns(_TITLES.c.clc, _TITLES.c.title)
    query = query.outerjoin(_TITLES, _TITLES.c.title_id == _HOLDS.c.title_id)
    if sites is not None:
        # Who waits for other titles has no say in where a copy of this one is fetched.
        near = schema.items.alias("near")
        query = query.where(
            exists().where(
                near.c.title_id == _HOLDS.c.title_id, near.c.current_site.in_(sites)
            )
        )
    rows = conn.execute(query).mappings().all()
    chosen = places(rows)
    copies: dict[str, list[RowMapping]] = {}
    for row in rows:
        at = chosen.get(row["hold_id"])
        if at == row["current_site"] and (sites is None or at in sites):
            copies.setdefault(row["hold_id"], []).append(row)
    return sorted(copies.values(), key=lambda found: _shelf_order(found[0]))


def _shelf_order(row: RowMapping) -> tuple[str, ...]:
    named = (row["clc"] or "", row["title"] or "")
    return (row["current_site"], *named, row["hold_id"])


def _pull_lines(
    conn: Connection, found: Sequence[Sequence[RowMapping]]
) -> list[PullLine]:
    firsts = [rows[0] for rows in found]
    titles = _titles(conn, (row["title_id"] for row in firsts))
    names = patron_names(conn, (row["patron_ref"] for row in firsts))
    sites = names_of_sites(conn, (row["site_id"] for row in firsts))
    return [
        PullLine(
            row["hold_id"],
            row["current_site"],
            *_of_title(titles.get(row["title_id"])),
            tuple(each["barcode"] for each in rows[:MAX_BARCODES]),
            *_of_patron(names.get(row["patron_ref"])),
            row["site_id"],
            sites.get(row["site_id"], row["site_id"]),
            row["placed_at"],
        )
        for row, rows in zip(firsts, found, strict=True)
    ]


def _lines(
    conn: Connection, query: Select[tuple[object, ...]], now: dt.datetime
) -> list[HoldLine]:
    rows = conn.execute(query).mappings().all()
    titles = _titles(conn, (row["title_id"] for row in rows))
    names = patron_names(conn, (row["patron_ref"] for row in rows))
    sites = names_of_sites(conn, (row["site_id"] for row in rows))
    today = county_day(now)
    return [
        HoldLine(
            row["hold_id"],
            row["state"],
            _of_title(titles.get(row["title_id"]))[1],
            row["item"],
            row["copy"],
            row["copy_site"],
            *_of_patron(names.get(row["patron_ref"])),
            row["site_id"],
            sites.get(row["site_id"], row["site_id"]),
            row["placed_at"],
            row["keep_until"],
            _is_over(row, today),
            row["missed"],
        )
        for row in rows
    ]


def _is_over(row: RowMapping, today: dt.date) -> bool:
    if row["state"] not in ACTIVE:
        return True
    last = row["keep_until"]
    return row["state"] == HoldState.READY and last is not None and last < today


def _titles(conn: Connection, ids: Iterable[str]) -> dict[str, RowMapping]:
    query = select(_TITLES).where(_TITLES.c.title_id.in_(set(ids)))
    return {row["title_id"]: row for row in conn.execute(query).mappings()}


def _of_title(row: RowMapping | None) -> tuple[str, str, str]:
    return (row["clc"], row["title"], row["author"]) if row else ("", "", "")


def _of_patron(name: PatronName | None) -> tuple[str, str]:
    return (name.name, name.tail) if name else ("", "")


def _chunks(
    found: list[list[RowMapping]],
) -> Iterable[list[list[RowMapping]]]:
    """So that no question names more values than a database takes."""
    return (found[at : at + _CHUNK] for at in range(0, len(found), _CHUNK))
