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
from sqlalchemy import Connection, RowMapping

from sync.hub.county import audit
from sync.hub.county.audit import Actor
from sync.hub.county.patrons import drop_credential
from sync.hub.importers import journal
from sync.hub.importers.consent_store import CONSENTS, TEXTS
from sync.hub.importers.part_load import PARTS
from sync.hub.importers.patron_store import patron_store
from sync.hub.importers.store import ITEMS, SITES, TITLES, Store
from sync.hub.importers.withdraw import used, withdraw
from sync.hub.store.database import CHUNK, Database

#: How many of the changes that were left alone a report holds.
_KEPT = 1000


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
            for store in _STORES:
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
    in_use = used(conn, store.kind, list(stored))
    made, settled = list[str](), list[int]()
    restored = dict[str, Any]()  # a run may have changed one twice, the last first
    for row in rows:
        value = stored.get(row["key"])
        before = msgspec.json.decode(row["before"]) if row["before"] else {}
        reason = _obstacle(row, value, before, in_use)
        if reason:
            done.keep(store.kind, row["key"], reason)
            continue
        settled.append(row["seq"])
        if value is not None and before:
            former = msgspec.to_builtins(restored.get(row["key"], value)) | before
            restored[row["key"]] = msgspec.convert(former, type(value))
        elif value is not None:
            made.append(row["key"])
    _restore(conn, store, [(stored[key], each) for key, each in restored.items()])
    withdraw(conn, store, made)
    done.withdrawn += len(made)
    done.restored += len(restored)
    return settled


def _obstacle(
    row: RowMapping, value: object | None, before: Collection[str], in_use: set[str]
) -> str:
    """Why this change stays, or "" if it may be taken back."""
    if value is None:
        return ""
    if not before and row["key"] in in_use:
        return "is in use"
    if journal.fingerprint(value, before) != row["after"]:
        return "was changed since"
    return ""


def _restore(
    conn: Connection, store: Store[Any], changed: Sequence[tuple[Any, Any]]
) -> None:
    store.put(conn, [former for _, former in changed])
    if store.kind == "patrons":
        for value, former in changed:
            for text in sorted(set(value.card_uids) - set(former.card_uids)):
                drop_credential(conn, text)


_PATRONS = patron_store({}, lambda _taken: None)
_STORES = (ITEMS, PARTS, CONSENTS, TEXTS, _PATRONS, TITLES, SITES)
