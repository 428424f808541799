"""Patrons by name, number or card, a page at a time, by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from kiosk.domain.credentials import normalise
from sync.hub.county.patron_files import PatronFile, UnknownPatron, file_of, find
from sync.hub.county.search_terms import Kind, asked, found_by
from sync.hub.store import schema

PAGE = 50
_PATRONS = schema.patrons


@dataclass(frozen=True, slots=True)
class PatronQuery:
    """Empty texts ask for everything. `text`: a whole number or card, or part of a name.

    `after` is the number that the page before ended with.
    """

    text: str = ""
    patron_type: str = ""
    state: str = ""
    home_site: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class PatronPage:
    """`after` is where the next page begins, None on the last one."""

    patrons: tuple[PatronFile, ...]
    after: str | None


def search_patrons(
    conn: Connection, query: PatronQuery, limit: int = PAGE
) -> PatronPage:
    """One page; a number or a card that is known leads to its patron alone."""
    terms: tuple[str, ...] = ()
    if query.text:
        try:
            return PatronPage((find(conn, query.text),), None)
        except UnknownPatron:
            terms = asked(query.text)
        if not terms:
            return PatronPage((), None)
    rows = conn.execute(_statement(query, terms).limit(limit + 1))
    found = [file_of(row) for row in rows.mappings()]
    more = len(found) > limit
    return PatronPage(tuple(found[:limit]), found[limit - 1].number if more else None)


def _statement(query: PatronQuery, terms: Sequence[str]) -> Select[Any]:
    number, after = _PATRONS.c.number, normalise(query.after)
    statement = select(_PATRONS).where(
        *(
            _PATRONS.c[name] == getattr(query, name)
            for name in ("patron_type", "state", "home_site")
            if getattr(query, name)
        )
    )
    if terms:
        return found_by(statement, Kind.PATRON, terms, number, after)
    return statement.where(number > after).order_by(number)
