"""What an import made goes again, unless something refers to it by now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from sync.hub.county.catalogue import index_titles
from sync.hub.county.patrons import drop_credential
from sync.hub.county.search_terms import Kind, index, words
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.importers.consent_store import TEXTS
from sync.hub.importers.part_load import PARTS
from sync.hub.importers.store import ITEMS, SITES, TITLES, Store
from sync.hub.store import schema

#: What stands in another table means that the thing is in use.
_NAMES = {
    "items": {"item", "barcode"},
    "titles": {"title_id"},
    "patrons": {"patron_ref", "guardian", "given_by"},
    "sites": {"site_id", "home_site", "current_site", "parent", "loan_site"},
}
#: Tables whose rows go with the thing, or only tell of it.
_NO_USE = {"credentials"}
_FEEDS = {ITEMS.kind: Feed.ITEM, TITLES.kind: Feed.TITLE, SITES.kind: Feed.SITE}


def used(conn: Connection, kind: str, keys: Sequence[str]) -> set[str]:
    """Which of these something else refers to."""
    if kind == TEXTS.kind:
        return _agreed_to(conn, keys)
    ids = _references(conn, keys) if kind == "patrons" else {key: key for key in keys}
    found = set[str]()
    for table in schema.metadata.sorted_tables:
        if table.name in _NO_USE:
            continue
        for column in table.columns:
            own_key = table.name == kind and column.primary_key
            if column.name in _NAMES.get(kind, ()) and not own_key:
                query = select(column).where(column.in_(list(ids))).distinct()
                found |= {ids[each] for each in conn.execute(query).scalars()}
    return found


def withdraw(conn: Connection, store: Store[Any], keys: Sequence[str]) -> None:
    """Delete rows that nothing refers to; kiosks are told."""
    if store.kind == "patrons":
        _withdraw_patrons(conn, store, keys)
        return
    if store.kind == TITLES.kind:
        index_titles(conn, TITLES.stored(conn, keys), [])
    _delete(conn, store.kind, keys)
    if store.kind in _FEEDS:
        mark(conn, _FEEDS[store.kind], keys)


def _delete(conn: Connection, kind: str, keys: Sequence[str]) -> None:
    table = schema.metadata.tables[kind]
    named = [_primary_key(kind, key) for key in keys]
    own = tuple_(*table.primary_key.columns)
    conn.execute(delete(table).where(own.in_(named)))


def _primary_key(kind: str, key: str) -> tuple[str | int, ...]:
    if kind == PARTS.kind:
        barcode, number = key.split(" ")
        return barcode, int(number)
    return (int(key),) if kind == TEXTS.kind else (key,)


def _agreed_to(conn: Connection, versions: Sequence[str]) -> set[str]:
    version = schema.consents.c.version
    query = select(version).where(version.in_([int(each) for each in versions]))
    return {str(each) for each in conn.execute(query.distinct()).scalars()}


def _references(conn: Connection, numbers: Sequence[str]) -> dict[str, str]:
    """Card numbers by patron_ref."""
    table = schema.patrons.c
    query = select(table.patron_ref, table.number).where(table.number.in_(numbers))
    return {row.patron_ref: row.number for row in conn.execute(query)}


def _withdraw_patrons(
    conn: Connection, store: Store[Any], numbers: Sequence[str]
) -> None:
    refs = list(_references(conn, numbers))
    stored = store.stored(conn, numbers)
    names = {number: words(each.name) for number, each in stored.items()}
    index(conn, Kind.PATRON, names, {})
    cards = schema.credentials.c
    texts = conn.execute(select(cards.text).where(cards.patron_ref.in_(refs))).scalars()
    for text in texts.all():
        drop_credential(conn, text)
    conn.execute(delete(schema.patrons).where(schema.patrons.c.patron_ref.in_(refs)))
    mark(conn, Feed.PATRON, refs)
