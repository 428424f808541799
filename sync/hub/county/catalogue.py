"""Sites, titles and items: written in bulk, marked for the kiosks' mirrors.

Each `put_` works inside `Database.writing()`; many records go through
`database.store_in_chunks`. A record that is there already is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from kiosk.domain.values import Item, Site, Title
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema
from sync.hub.store.rows import item_value, one, put_rows, site_value, title_value


def put_sites(conn: Connection, sites: Sequence[Site]) -> None:
    put_rows(conn, schema.sites, [asdict(site) for site in sites])
    mark(conn, Feed.SITE, [site.site_id for site in sites])


def put_titles(conn: Connection, titles: Sequence[Title]) -> None:
    put_rows(conn, schema.titles, [asdict(title) for title in titles])
    mark(conn, Feed.TITLE, [title.title_id for title in titles])


def put_items(conn: Connection, items: Sequence[Item]) -> None:
    """Write copies as given. Where a copy is now is part of the record."""
    put_rows(conn, schema.items, [asdict(item) for item in items])
    mark(conn, Feed.ITEM, [item.barcode for item in items])


def site(conn: Connection, site_id: str) -> Site | None:
    row = one(conn, schema.sites, site_id)
    return None if row is None else site_value(row)


def title(conn: Connection, title_id: str) -> Title | None:
    row = one(conn, schema.titles, title_id)
    return None if row is None else title_value(row)


def item(conn: Connection, barcode: str) -> Item | None:
    row = one(conn, schema.items, barcode)
    return None if row is None else item_value(row)
