"""Whose names a site's kiosks are told; ADR-names-by-area.md says why.

The area of a site is the tree below the township branch that it belongs to. A site
without a branch above it has its own tree: at the county library, the whole county.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, select

from sync.hub.county.tree import Parents, subtree
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema

_SITES, _PATRONS = schema.sites.c, schema.patrons.c
_BRANCH = "BRANCH"


def area_of(conn: Connection, site_id: str) -> frozenset[str]:
    """The sites whose readers are known by name at this one."""
    parents, levels = _tree(conn)
    return subtree(_top(site_id, parents, levels), parents)


@contextmanager
def names_follow(conn: Connection) -> Iterator[None]:
    """Around a change of the tree: readers whose name others may know now are told anew.

    Inside `writing()` only.
    """
    before = _areas(conn)
    yield
    after = _areas(conn)
    moved = {
        home
        for site_id in before.keys() | after.keys()
        for home in before.get(site_id, frozenset()) ^ after.get(site_id, frozenset())
    }
    if moved:
        found = select(_PATRONS.patron_ref).where(_PATRONS.home_site.in_(moved))
        mark(conn, Feed.PATRON, conn.execute(found).scalars().all())


def _areas(conn: Connection) -> Mapping[str, frozenset[str]]:
    """The area of every site."""
    parents, levels = _tree(conn)
    tops = {site_id: _top(site_id, parents, levels) for site_id in parents}
    below = {top: subtree(top, parents) for top in set(tops.values())}
    return {site_id: below[top] for site_id, top in tops.items()}


def _top(site_id: str, parents: Parents, levels: Mapping[str, str]) -> str:
    """The branch at or above a site, else the site. Ends even if there is a ring."""
    seen, at = set[str](), site_id
    while at not in seen:
        if levels.get(at) == _BRANCH:
            return at
        seen.add(at)
        at = parents.get(at) or at
    return site_id


def _tree(conn: Connection) -> tuple[Parents, Mapping[str, str]]:
    rows = conn.execute(select(_SITES.site_id, _SITES.parent, _SITES.level)).all()
    parents = {row.site_id: row.parent for row in rows}
    return parents, {row.site_id: row.level.upper() for row in rows}
