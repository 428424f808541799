"""Taking an import back: what it made goes, what it changed gets its former values.

Left alone and listed: what is in use by now, and what was changed since.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, delete, select

from sync.hub.county import audit
from sync.hub.county.audit import Actor
from sync.hub.county.catalogue import index_titles
from sync.hub.county.patrons import drop_credential
from sync.hub.county.search_terms import Kind, index, words
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.importers import journal
from sync.hub.importers.patron_store import patron_store
from sync.hub.importers.store import ITEMS, SITES, TITLES, Store
from sync.hub.store import schema
from sync.hub.store.database import CHUNK, Database

#: How many of the changes that were left alone a report holds.
_KEPT = 1000
#: What stands in another table means that the thing is in use.
_NAMES = {
    "items": {"item", "barcode"},
    "titles": {"title_id"},
    "patrons": {"patron_ref", "guardian"},
    "sites": {"site_id", "home_site", "current_site", "parent", "loan_site"},
}
#: Tables whose rows go with the thing, or only tell of it.
_NO_USE = {"credentials"}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A change that could not be taken back."""

    kind: str
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.reason}"


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an undo. `kept` are the first ones, `kept_total` counts all."""

    run: str
    withdrawn: int
    restored: int
    kept_total: int
    kept: tuple[Kept, ...]


@dataclass
class _Pass:
    """One way through the changes of a run."""

    withdrawn: int = 0
    restored: int = 0
    kept_total: int = 0
    kept: list[Kept] | None = None

    def keep(self, kind: str, key: str, reason: str) -> None:
        self.kept_total += 1
        self.kept = self.kept or []
        if len(self.kept) < _KEPT:
            self.kept.append(Kept(kind=kind, key=key, reason=reason))


def undo(
    database: Database,
    run: str,
    who: Actor,
    now: dt.datetime,
    progress: Callable[[int], None] = lambda _count: None,
) -> Undone:
    """Take a run back, a transaction per chunk; doing it again tries what is left.

    Raises NoSuchRun. A site may be in use by another one that the run made as well:
    so go through the changes until nothing more can be taken back.
    """
    with database.writing() as conn:
        journal.check_run(conn, run)
        audit.note(conn, who, "import.undo", f"import:{run}", now)
    withdrawn = restored = 0
    while True:
        done = _once(database, run, progress)
        withdrawn, restored = withdrawn + done.withdrawn, restored + done.restored
        if not done.kept_total or not done.withdrawn + done.restored:
            break
    with database.writing() as conn:
        journal.close_undo(conn, run, now)
    return Undone(
        run=run,
        withdrawn=withdrawn,
        restored=restored,
        kept_total=done.kept_total,
        kept=tuple(done.kept or ()),
    )


def _once(database: Database, run: str, progress: Callable[[int], None]) -> _Pass:
    """The last changes first, so that copies go before their titles."""
    done = _Pass()
    before = sys.maxsize
    while True:
        with database.writing() as conn:
            rows = journal.changes(conn, run, before, CHUNK)
            for store in (ITEMS, _PATRONS, TITLES, SITES):
                ours = [row for row in rows if row["kind"] == store.kind]
                journal.forget(conn, run, _take_back(conn, store, ours, done))
        if not rows:
            return done
        before = rows[-1]["seq"]
        progress(len(rows))


def _take_back(
    conn: Connection, store: Store[Any], rows: Sequence[RowMapping], done: _Pass
) -> list[int]:
    """Undo these changes of one kind; returns those that are settled."""
    stored = store.stored(conn, [row["key"] for row in rows])
    used = _used(conn, store.kind, list(stored))
    made, changed, settled = list[str](), list[tuple[Any, Any]](), list[int]()
    for row in rows:
        value = stored.get(row["key"])
        before = msgspec.json.decode(row["before"]) if row["before"] else {}
        reason = _obstacle(row, value, before, used)
        if reason:
            done.keep(store.kind, row["key"], reason)
            continue
        settled.append(row["seq"])
        if value is not None and before:
            former = msgspec.to_builtins(value) | before
            changed.append((value, msgspec.convert(former, type(value))))
        elif value is not None:
            made.append(row["key"])
    _restore(conn, store, changed)
    _withdraw(conn, store.kind, made)
    done.withdrawn += len(made)
    done.restored += len(changed)
    return settled


def _obstacle(
    row: RowMapping, value: object | None, before: Collection[str], used: set[str]
) -> str:
    """Why this change stays, or "" if it may be taken back."""
    if value is None:
        return ""
    if not before and row["key"] in used:
        return "is in use"
    if journal.fingerprint(value, before) != row["after"]:
        return "was changed since"
    return ""


def _used(conn: Connection, kind: str, keys: Sequence[str]) -> set[str]:
    """Which of these something else refers to."""
    ids = _references(conn, keys) if kind == "patrons" else {key: key for key in keys}
    found = set[str]()
    for table in schema.metadata.sorted_tables:
        if table.name in _NO_USE:
            continue
        for column in table.columns:
            own_key = table.name == kind and column.primary_key
            if column.name in _NAMES[kind] and not own_key:
                query = select(column).where(column.in_(list(ids))).distinct()
                found |= {ids[each] for each in conn.execute(query).scalars()}
    return found


def _references(conn: Connection, numbers: Sequence[str]) -> dict[str, str]:
    """Card numbers by patron_ref."""
    table = schema.patrons.c
    query = select(table.patron_ref, table.number).where(table.number.in_(numbers))
    return {row.patron_ref: row.number for row in conn.execute(query)}


def _restore(
    conn: Connection, store: Store[Any], changed: Sequence[tuple[Any, Any]]
) -> None:
    store.put(conn, [former for _, former in changed])
    if store.kind == "patrons":
        for value, former in changed:
            for text in sorted(set(value.card_uids) - set(former.card_uids)):
                drop_credential(conn, text)


def _withdraw(conn: Connection, kind: str, keys: Sequence[str]) -> None:
    """Delete rows that nothing refers to; kiosks are told."""
    if kind == "patrons":
        _withdraw_patrons(conn, keys)
        return
    table = schema.metadata.tables[kind]
    (key,) = table.primary_key.columns
    if kind == TITLES.kind:
        index_titles(conn, TITLES.stored(conn, keys), [])
    conn.execute(delete(table).where(key.in_(keys)))
    mark(conn, _FEEDS[kind], keys)


def _withdraw_patrons(conn: Connection, numbers: Sequence[str]) -> None:
    refs = list(_references(conn, numbers))
    stored = _PATRONS.stored(conn, numbers)
    names = {number: words(each.name) for number, each in stored.items()}
    index(conn, Kind.PATRON, names, {})
    cards = schema.credentials.c
    texts = conn.execute(select(cards.text).where(cards.patron_ref.in_(refs))).scalars()
    for text in texts.all():
        drop_credential(conn, text)
    conn.execute(delete(schema.patrons).where(schema.patrons.c.patron_ref.in_(refs)))
    mark(conn, Feed.PATRON, refs)


_FEEDS = {"items": Feed.ITEM, "titles": Feed.TITLE, "sites": Feed.SITE}
_PATRONS = patron_store({}, lambda _taken: None)
