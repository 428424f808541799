"""Writing only what is new or different, so that importing twice wakes no kiosk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Table, select

from kiosk.domain.values import Item, Title
from sync.hub.county import catalogue
from sync.hub.county.catalogue import SiteRow
from sync.hub.county.site_tree import State
from sync.hub.importers.journal import Journal, Written
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.rows import item_value, title_value

Value = TypeVar("Value")
_NEW_SITE = {"kind": "", "state": State.OPEN.value, "profile": "{}", "calendar": ""}


@dataclass(frozen=True, slots=True)
class Store(Generic[Value]):
    """How one kind of value is found and written.

    `merge` makes the value to write from the imported and the stored one, for
    what an import does not know and must not overwrite.
    """

    kind: str
    key: Callable[[Value], str]
    stored: Callable[[Connection, Sequence[str]], Mapping[str, Value]]
    put: Callable[[Connection, Sequence[Value]], None]
    merge: Callable[[Value, Value | None], Value]


class _RolledBack(Exception):
    """Ends a transaction without a trace."""


@contextmanager
def writing(database: Database, *, dry_run: bool) -> Iterator[Connection]:
    """A transaction that is rolled back at its end if the run is a dry one."""
    with suppress(_RolledBack), database.writing() as conn:
        yield conn
        if dry_run:
            raise _RolledBack


def store_changed(
    conn: Connection, store: Store[Value], values: Sequence[Value], journal: Journal
) -> int:
    """Write what is new or different and note it; returns how many."""
    stored = store.stored(conn, [store.key(value) for value in values])
    pairs = [(value, stored.get(store.key(value))) for value in values]
    merged = [(store.merge(value, old), old) for value, old in pairs]
    different = [value for value, old in merged if value != old]
    store.put(conn, different)
    keys = [store.key(value) for value in different]
    written = store.stored(conn, keys)  # the journal holds what really stands there
    journal.note(
        conn,
        store.kind,
        [Written(key, stored.get(key), written[key]) for key in keys],
    )
    return len(different)


def rows_by(
    conn: Connection, table: Table, key: Column[Any], keys: Sequence[str]
) -> Sequence[RowMapping]:
    return conn.execute(select(table).where(key.in_(keys))).mappings().all()


def known(conn: Connection, key: Column[Any], values: Sequence[str]) -> set[str]:
    """Which of these values stand in a key column."""
    found = conn.execute(select(key).where(key.in_(sorted(set(values)))))
    return set(found.scalars())


def _stored_sites(conn: Connection, keys: Sequence[str]) -> dict[str, SiteRow]:
    rows = rows_by(conn, schema.sites, schema.sites.c.site_id, keys)
    return {
        row["site_id"]: SiteRow(**{**row, "calendar": row["calendar"] or ""})
        for row in rows
    }


def _filled_in(site: SiteRow, stored: SiteRow | None) -> SiteRow:
    """What the table does not carry stays; so does the state.

    To close a site that is there takes a reason, and that nothing is left in it.
    """
    old = stored or SiteRow(**asdict(site) | _NEW_SITE)
    return replace(
        site,
        kind=site.kind or old.kind,
        state=stored.state if stored else site.state or old.state,
        profile=site.profile or old.profile,
        calendar=site.calendar or old.calendar,
    )


def _stored_titles(conn: Connection, keys: Sequence[str]) -> dict[str, Title]:
    rows = rows_by(conn, schema.titles, schema.titles.c.title_id, keys)
    return {row["title_id"]: title_value(row) for row in rows}


def _stored_items(conn: Connection, keys: Sequence[str]) -> dict[str, Item]:
    rows = rows_by(conn, schema.items, schema.items.c.barcode, keys)
    return {row["barcode"]: item_value(row) for row in rows}


def _placed(item: Item, stored: Item | None) -> Item:
    """What the import does not know stays: where a copy is, and the UID of its tag.

    A new copy is at home.
    """
    place = item.home_site if stored is None else stored.current_site
    tag_uid = "" if stored is None else stored.tag_uid
    return replace(
        item,
        current_site=item.current_site or place,
        tag_uid=item.tag_uid or tag_uid,
    )


def _as_stored(item: Item, stored: Item | None) -> Item:
    """A copy named in passing never overwrites what the hub knows of it."""
    return _placed(item, None) if stored is None else stored


def as_imported(value: Value, _stored: Value | None) -> Value:
    return value


def as_known(value: Value, stored: Value | None) -> Value:
    """What the hub has already stays as it is."""
    return value if stored is None else stored


SITES: Store[SiteRow] = Store(
    "sites",
    lambda site: site.site_id,
    _stored_sites,
    catalogue.put_sites,
    _filled_in,
)
TITLES: Store[Title] = Store(
    "titles",
    lambda title: title.title_id,
    _stored_titles,
    catalogue.put_titles,
    as_imported,
)
ITEMS: Store[Item] = Store(
    "items", lambda item: item.barcode, _stored_items, catalogue.put_items, _placed
)
NEW_ITEMS = replace(ITEMS, merge=_as_stored)
