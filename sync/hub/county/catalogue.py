"""Sites, titles and items: written in bulk, marked for the kiosks' mirrors.

Each `put_` works inside `Database.writing()`; many records go through
`database.store_in_chunks`. A record that is there already is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.values import Item, Site, Title
from sync.hub.county.search_terms import Kind, class_steps, index, words
from sync.hub.county.site_tree import require_tree
from sync.hub.feed.areas import names_follow
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema
from sync.hub.store.rows import item_value, one, put_rows, site_value, title_value


@dataclass(frozen=True, slots=True)
class SiteRow(Site):
    """A site with all that the county keeps of it; JSON as in `schema.sites`.

    `calendar`: "" for that of the site above.
    """

    kind: str = ""
    state: str = ""
    profile: str = ""
    calendar: str = ""


def put_sites(conn: Connection, sites: Sequence[Site]) -> None:
    """Write sites, all of one class; of a Site, what kiosks need not know stays.

    Raises BadSite if a site would come to lie below itself.
    """
    with names_follow(conn):
        put_rows(conn, schema.sites, [_site_row(site) for site in sites])
        require_tree(conn)
    mark(conn, Feed.SITE, [site.site_id for site in sites])


def put_titles(conn: Connection, titles: Sequence[Title]) -> None:
    index_titles(conn, _stored(conn, [title.title_id for title in titles]), titles)
    put_rows(conn, schema.titles, [msgspec.to_builtins(title) for title in titles])
    mark(conn, Feed.TITLE, [title.title_id for title in titles])


def index_titles(
    conn: Connection, before: Mapping[str, Title], titles: Sequence[Title]
) -> None:
    """See that titles are found by what they are called now, no longer by `before`."""
    now = {title.title_id: title for title in titles}
    for kind, terms in ((Kind.TITLE, _words), (Kind.CLASS, _classes)):
        old = {key: terms(title) for key, title in before.items()}
        index(conn, kind, old, {key: terms(title) for key, title in now.items()})


def put_items(conn: Connection, items: Sequence[Item]) -> None:
    """Write copies as given. Where a copy is now is part of the record."""
    put_rows(conn, schema.items, [msgspec.to_builtins(item) for item in items])
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


def _site_row(site: Site) -> dict[str, object]:
    row: dict[str, object] = msgspec.to_builtins(site)
    return {**row, "calendar": row["calendar"] or None} if "calendar" in row else row


def _stored(conn: Connection, title_ids: Sequence[str]) -> dict[str, Title]:
    table = schema.titles
    rows = conn.execute(select(table).where(table.c.title_id.in_(title_ids)))
    return {row["title_id"]: title_value(row) for row in rows.mappings()}


def _words(title: Title) -> frozenset[str]:
    return words(f"{title.title} {title.author}")


def _classes(title: Title) -> frozenset[str]:
    return class_steps(title.clc)
