"""The county's sites a page at a time, in the order of the tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from sync.hub.county.permits import Reach
from sync.hub.county.site_tree import SiteEntry, parents_of_sites, site_entries
from sync.hub.county.tree import in_order
from sync.hub.store import schema

PAGE = 100
_SITES = schema.sites.c


@dataclass(frozen=True, slots=True)
class SitePage:
    """`total`: how many there are in all. `after`: where the next page begins, or None."""

    sites: tuple[SiteEntry, ...]
    total: int
    after: str | None


def search_sites(
    conn: Connection, reach: Reach, text: str = "", after: str = ""
) -> SitePage:
    """One page of the sites within reach; with a text those whose name or number has it."""
    parents = parents_of_sites(conn)
    seen = [site for site, _ in in_order(parents) if reach is None or site in reach]
    if text:
        named = _named(conn, text)
        seen = [site for site in seen if site in named]
    first = seen.index(after) + 1 if after in seen else 0
    shown = seen[first : first + PAGE]
    more = first + PAGE < len(seen)
    found = site_entries(conn, shown, parents)
    return SitePage(tuple(found), len(seen), shown[-1] if more else None)


def _named(conn: Connection, text: str) -> frozenset[str]:
    columns = (_SITES.site_id, _SITES.name, _SITES.short_name)
    has_it = or_(*(column.contains(text, autoescape=True) for column in columns))
    return frozenset(conn.execute(select(_SITES.site_id).where(has_it)).scalars())
