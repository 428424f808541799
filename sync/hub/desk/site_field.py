"""A site as people ask for it: chosen from a list, or typed where there are too many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request
from sqlalchemy import ColumnElement, Connection, or_, select

from sync.hub.county.permits import Reach
from sync.hub.desk.permission import within
from sync.hub.store import schema

#: Sites that a list offers at most; nobody looks through more, and pages grow by them.
MAX_OPTIONS = 200
#: Sites that are offered where several have such a name.
MAX_ALIKE = 20

_SITES = schema.sites.c


@dataclass(frozen=True, slots=True)
class SiteField:
    """What was `asked` for, and the `site_id` that it means; "" asks for every site.

    `options`: all sites there are, None if they are too many for a list. Then a
    number or a part of a name is typed; `alike`: what it may mean if not one alone.
    """

    asked: str
    site_id: str
    options: Mapping[str, str] | None
    name: str = ""
    alike: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_unclear(self) -> bool:
        """Whether something was typed that means no site, or several."""
        return self.options is None and bool(self.asked) and not self.name


def asked_site() -> str:
    """The site that the request names, in a query or a form."""
    return request.values.get("site", "").strip()


def site_field(conn: Connection, asked: str, reach: Reach) -> SiteField:
    """What a form shows for sites within reach. What is unclear means no site at all."""
    options = site_options(conn, reach)
    if options is not None or not asked:
        return SiteField(asked, asked, options)
    found = sites_meant(conn, asked, reach)
    if len(found) == 1:
        ((site_id, name),) = found.items()
        return SiteField(asked, site_id, None, name)
    return SiteField(asked, asked, None, alike=found)


def site_options(conn: Connection, reach: Reach = None) -> Mapping[str, str] | None:
    """Site → short name by number; None if there are too many for a list."""
    here = within(reach, _SITES.site_id)
    found = _named(conn, here, MAX_OPTIONS + 1, _SITES.short_name)
    return found if len(found) <= MAX_OPTIONS else None


def above_options(conn: Connection, but: str = "") -> Mapping[str, str] | None:
    """The open sites that others may stand below; None if there are too many."""
    fits = (_SITES.level != "POINT") & (_SITES.state == "open")
    others = fits & (_SITES.site_id != but)
    found = _named(conn, others, MAX_OPTIONS + 1, _SITES.short_name)
    return found if len(found) <= MAX_OPTIONS else None


def sites_meant(conn: Connection, asked: str, reach: Reach = None) -> dict[str, str]:
    """The site of this number; else of this name; else those whose name has it."""
    here = within(reach, _SITES.site_id)
    names = (_SITES.name, _SITES.short_name)
    ways = (
        _SITES.site_id == asked,
        or_(*(name == asked for name in names)),
        or_(*(name.contains(asked, autoescape=True) for name in names)),
    )
    for way in ways:
        found = _named(conn, here & way, MAX_ALIKE, _SITES.name)
        if found:
            return found
    return {}


def site_typed(conn: Connection, text: str) -> str:
    """The number of the site that a form names; the text itself if that is unclear."""
    found = sites_meant(conn, text) if text else {}
    return next(iter(found)) if len(found) == 1 else text


def _named(
    conn: Connection,
    wanted: ColumnElement[bool],
    limit: int,
    name: ColumnElement[str],
) -> dict[str, str]:
    query = select(_SITES.site_id, name).where(wanted)
    rows = conn.execute(query.order_by(_SITES.site_id).limit(limit)).all()
    return {row[0]: row[1] for row in rows}
