"""Writing only what is new or different, so that importing twice wakes no kiosk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Table, select

from kiosk.domain.values import Item, PatronState, Site, Title
from sync.hub.county import catalogue
from sync.hub.county.patrons import CHUNK as PATRON_CHUNK
from sync.hub.county.patrons import PatronRecord, Taken, new_digests, put_patrons
from sync.hub.store import schema
from sync.hub.store.database import CHUNK, Database
from sync.hub.store.rows import item_value, site_value, title_value

Value = TypeVar("Value")
#: Called with how many values were dealt with just now, and with how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Store(Generic[Value]):
    """How one kind of value is found and written.

    `merge` makes the value to write from the imported and the stored one, for
    what an import does not know and must not overwrite.
    """

    key: Callable[[Value], str]
    stored: Callable[[Connection, Sequence[str]], Mapping[str, Value]]
    put: Callable[[Connection, Sequence[Value]], None]
    merge: Callable[[Value, Value | None], Value]


def store_changed(
    database: Database,
    store: Store[Value],
    values: Sequence[Value],
    progress: Progress,
    *,
    dry_run: bool,
) -> int:
    """Write what is new or different, a transaction per chunk; returns how many."""
    changed = 0
    for chunk in _chunks(values, CHUNK):
        with database.reading() if dry_run else database.writing() as conn:
            different = _different(conn, store, chunk)
            if not dry_run:
                store.put(conn, different)
        changed += len(different)
        progress(len(chunk), len(values))
    return changed


def store_patrons(
    database: Database,
    records: Sequence[PatronRecord],
    progress: Progress,
    *,
    dry_run: bool,
) -> tuple[int, tuple[Taken, ...]]:
    """Do the same for patrons; also returns credentials that are somebody else's."""
    changed, taken = 0, list[Taken]()
    for chunk in _chunks(records, PATRON_CHUNK):
        with database.reading() as conn:
            different = _different_patrons(conn, chunk)
        if different and not dry_run:
            digests = new_digests(database, different)
            with database.writing() as conn:
                taken += put_patrons(conn, different, digests)
        changed += len(different)
        progress(len(chunk), len(records))
    return changed, tuple(taken)


def _chunks(values: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _different(
    conn: Connection, store: Store[Value], values: Sequence[Value]
) -> list[Value]:
    stored = store.stored(conn, [store.key(value) for value in values])
    pairs = [(value, stored.get(store.key(value))) for value in values]
    merged = [(store.merge(value, old), old) for value, old in pairs]
    return [value for value, old in merged if value != old]


def _rows(
    conn: Connection, table: Table, key: Column[Any], keys: Sequence[str]
) -> Sequence[RowMapping]:
    return conn.execute(select(table).where(key.in_(keys))).mappings().all()


def _stored_sites(conn: Connection, keys: Sequence[str]) -> dict[str, Site]:
    rows = _rows(conn, schema.sites, schema.sites.c.site_id, keys)
    return {row["site_id"]: site_value(row) for row in rows}


def _stored_titles(conn: Connection, keys: Sequence[str]) -> dict[str, Title]:
    rows = _rows(conn, schema.titles, schema.titles.c.title_id, keys)
    return {row["title_id"]: title_value(row) for row in rows}


def _stored_items(conn: Connection, keys: Sequence[str]) -> dict[str, Item]:
    rows = _rows(conn, schema.items, schema.items.c.barcode, keys)
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


def _as_imported(value: Value, _stored: Value | None) -> Value:
    return value


SITES: Store[Site] = Store(
    lambda site: site.site_id, _stored_sites, catalogue.put_sites, _as_imported
)
TITLES: Store[Title] = Store(
    lambda title: title.title_id, _stored_titles, catalogue.put_titles, _as_imported
)
ITEMS: Store[Item] = Store(
    lambda item: item.barcode, _stored_items, catalogue.put_items, _placed
)
NEW_ITEMS = replace(ITEMS, merge=_as_stored)


def _different_patrons(
    conn: Connection, records: Sequence[PatronRecord]
) -> list[PatronRecord]:
    """Keep what differs from the hub, with what the table does not carry filled in."""
    stored = _stored_patrons(conn, [record.number for record in records])
    different = []
    for record in records:
        old = stored.get(record.number)
        if old is None:
            different.append(record)
            continue
        new = replace(record, birth_year=old.birth_year, phone=old.phone)
        same_person = replace(new, card_uids=old.card_uids) == old
        if not same_person or not set(new.credentials) <= set(old.card_uids):
            different.append(new)
    return different


def _stored_patrons(
    conn: Connection, numbers: Sequence[str]
) -> dict[str, PatronRecord]:
    rows = _rows(conn, schema.patrons, schema.patrons.c.number, numbers)
    texts = _credentials(conn, [row["patron_ref"] for row in rows])
    return {
        row["number"]: PatronRecord(
            number=row["number"],
            name=row["name"],
            patron_type=row["patron_type"],
            state=PatronState(row["state"]),
            expires_on=row["expires_on"],
            birth_year=row["birth_year"],
            phone=row["phone"],
            card_uids=texts.get(row["patron_ref"], ()),
        )
        for row in rows
    }


def _credentials(conn: Connection, refs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Every credential of these patrons, their card number too, by patron_ref."""
    texts: dict[str, tuple[str, ...]] = {}
    table = schema.credentials
    for row in _rows(conn, table, table.c.patron_ref, refs):
        texts[row["patron_ref"]] = (*texts.get(row["patron_ref"], ()), row["text"])
    return texts
