"""What to fetch from the shelf, what is on the hold shelf, and who waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, select

from kiosk.domain.values import county_day
from sync.hub.circulation.hold_copies import places, wanted_copies
from sync.hub.circulation.hold_values import ACTIVE, HoldState
from sync.hub.county.permits import Reach
from sync.hub.desk.lookups import PatronName, patron_names, site_names
from sync.hub.desk.permission import within
from sync.hub.store import schema

#: Copies of a title that a line names, and lines of a list, at most.
MAX_BARCODES = 5
MAX_LINES = 1000

_HOLDS, _TITLES = schema.holds, schema.titles


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
    """One hold. `copy` is set aside, at `copy_site`. `over`: not fetched in time."""

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


def pull_list(conn: Connection, sites: Reach) -> list[PullLine]:
    """What is to be fetched at these sites, in the order of the shelves."""
    rows = conn.execute(wanted_copies()).mappings().all()
    chosen = places(rows)
    copies: dict[str, list[RowMapping]] = {}
    for row in rows:
        at = chosen.get(row["hold_id"])
        if at == row["current_site"] and (sites is None or at in sites):
            copies.setdefault(row["hold_id"], []).append(row)
    pulled = [_pull_lines(conn, found) for found in _chunks(list(copies.values()))]
    lines = [line for part in pulled for line in part]
    return sorted(lines, key=lambda line: (line.at, line.clc, line.title, line.hold_id))


def hold_shelf(conn: Connection, sites: Reach, now: dt.datetime) -> list[HoldLine]:
    """What lies on the hold shelves of these sites; what is to be cleared comes first."""
    lying = _HOLDS.c.copy_site == _HOLDS.c.site_id
    wanted = (_HOLDS.c.copy != "") & lying & within(sites, _HOLDS.c.copy_site)
    lines = _lines(conn, wanted, now)
    return sorted(
        lines, key=lambda line: (not line.over, line.keep_until or now.date())
    )


def hold_queue(conn: Connection, sites: Reach, now: dt.datetime) -> list[HoldLine]:
    """Who waits for something to be fetched at these sites, title by title."""
    active = _HOLDS.c.state.in_(sorted(ACTIVE))
    return _lines(conn, active & within(sites, _HOLDS.c.site_id), now)


def _pull_lines(
    conn: Connection, found: Sequence[Sequence[RowMapping]]
) -> list[PullLine]:
    firsts = [rows[0] for rows in found]
    titles = _titles(conn, (row["title_id"] for row in firsts))
    names = patron_names(conn, (row["patron_ref"] for row in firsts))
    sites = site_names(conn)
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
    conn: Connection, wanted: ColumnElement[bool], now: dt.datetime
) -> list[HoldLine]:
    query = select(_HOLDS).where(wanted).limit(MAX_LINES)
    in_order = query.order_by(_HOLDS.c.title_id, _HOLDS.c.placed_at, _HOLDS.c.hold_id)
    rows = conn.execute(in_order).mappings().all()
    titles = _titles(conn, (row["title_id"] for row in rows))
    names = patron_names(conn, (row["patron_ref"] for row in rows))
    sites = site_names(conn)
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
    return (found[at : at + MAX_LINES] for at in range(0, len(found), MAX_LINES))
