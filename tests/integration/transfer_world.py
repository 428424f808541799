"""A county whose staff send copies from site to site, by hand and in boxes."""

from __future__ import annotations

import datetime as dt

from sync.hub.county.audit import Actor
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.county.sites import set_foreign_return
from sync.hub.store import schema
from sync.hub.transfers.acts import Counter, Scanned, receive, send
from tests.integration.hub_world import DAY, MINUTE, NOON, County

CLERK = Actor("li", "command")
HOUR = 60 * MINUTE
LATER = NOON + 3 * DAY


def policy(county: County, site: str, wanted: ForeignReturn | None) -> None:
    with county.hub.database.writing() as conn:
        set_foreign_return(conn, CLERK, site, wanted, NOON)


def lines(county: County) -> list[tuple[str, str, str, str]]:
    """Each line's copy, way and state, in the order in which they were opened."""
    rows = county.rows(schema.transfers, "opened_at")
    return [(r["item"], r["from_site"], r["to_site"], r["state"]) for r in rows]


def sends(
    county: County, site: str, *items: str, now: dt.datetime = LATER
) -> list[Scanned]:
    with county.hub.database.writing() as conn:
        return send(conn, Counter(CLERK, site, now), items)


def receives(
    county: County, site: str, *items: str, now: dt.datetime = LATER + DAY
) -> list[Scanned]:
    with county.hub.database.writing() as conn:
        return receive(conn, Counter(CLERK, site, now), items)


def place(county: County, barcode: str) -> str:
    """Where the record says that a copy is."""
    item = county.item(barcode)
    assert item is not None
    return item.current_site
