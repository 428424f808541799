"""Forgetting who had a book, some days after it came back; what was lent stays.

A few items at a time, each in its own transaction: whatever ends it, what was
forgotten is forgotten and counted, and the next run does the rest.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from sync.hub.county.audit import Actor, note
from sync.hub.privacy import runs
from sync.hub.privacy.answers import forget_answers
from sync.hub.privacy.cases import forget_quotes
from sync.hub.privacy.consent import keep_history
from sync.hub.privacy.due import Scope
from sync.hub.privacy.events import BEGINNING, Position, forget_rest
from sync.hub.privacy.holds import forget_holds, titles_with
from sync.hub.privacy.imports import forget_imports
from sync.hub.privacy.item import forget_item
from sync.hub.privacy.kept import Reason, why_kept
from sync.hub.privacy.links import items_with
from sync.hub.privacy.retention import cut_off
from sync.hub.store.database import Database

#: Items in one transaction; kiosks wait for it.
CHUNK = 20

At = TypeVar("At")
#: Forgets a few, from somewhere on: how much, what had to stay, and where to go on.
Outcome = tuple[Counter[str], Counter[str], At | None]


def purge(
    database: Database, who: Actor, now: dt.datetime, *, dry_run: bool = False
) -> runs.Run:
    """Forget all that is due by now. `dry_run`: count it, and leave it.

    The proof is a run that came to its end, and an entry in the audit log.
    """
    with database.writing() as conn:
        scope = Scope(cut_off(conn, now), keep_history(conn))
    work = _Purge(database, scope, dry_run=dry_run)
    work.begin(who, now)
    work.do(_items, "")
    work.do(_titles, "")
    work.do(_events, BEGINNING)
    work.do(_quotes, "")
    work.do(_imports, "")
    work.do(_answers, "")
    return work.end(who, now)


def forget_items(conn: Connection, items: list[str], scope: Scope) -> Outcome[str]:
    """Forget who had these, unless something speaks against it."""
    forgotten: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for item in items:
        why = why_kept(conn, item)
        done = None if why else forget_item(conn, item, scope)
        if done is None:
            kept[why or Reason.CHANGED] += 1
        else:
            forgotten += done
    return forgotten, kept, items[-1] if len(items) == CHUNK else None


@dataclass
class _Purge:
    """One run, and how far it came."""

    database: Database
    scope: Scope
    run: str = ""
    forgotten: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    dry_run: bool = field(default=False, kw_only=True)

    def begin(self, who: Actor, now: dt.datetime) -> None:
        if not self.dry_run:
            with self.database.writing() as conn:
                self.run = runs.begin(conn, "purge", who.name, self.scope.cut_off, now)

    def do(
        self, step: Callable[[Connection, Scope, At], Outcome[At]], start: At
    ) -> None:
        """Take one step after the other until there is nothing left to do."""
        at: At | None = start
        while at is not None:
            with self._chunk() as conn:
                forgotten, kept, at = step(conn, self.scope, at)
                self.forgotten += forgotten
                self.kept += kept
                self._count(conn)

    def end(self, who: Actor, now: dt.datetime) -> runs.Run:
        if not self.dry_run:
            with self.database.writing() as conn:
                self._count(conn, now)
                _note(conn, self.run, self.forgotten, who, now)
        return runs.Run(
            run=self.run,
            kind="purge",
            who=who.name,
            started_at=now,
            cut_off=self.scope.cut_off,
            ended_at=now,
            forgotten=dict(self.forgotten),
            kept=dict(self.kept),
        )

    @contextmanager
    def _chunk(self) -> Iterator[Connection]:
        with self.database.writing() as conn, conn.begin_nested() as savepoint:
            yield conn
            if self.dry_run:
                savepoint.rollback()

    def _count(self, conn: Connection, ended_at: dt.datetime | None = None) -> None:
        if self.run:
            runs.count(conn, self.run, self.forgotten, self.kept, ended_at)


def _items(conn: Connection, scope: Scope, after: str) -> Outcome[str]:
    return forget_items(conn, items_with(conn, scope.cut_off, after, CHUNK), scope)


def _titles(conn: Connection, scope: Scope, after: str) -> Outcome[str]:
    titles = titles_with(conn, scope.cut_off, after, CHUNK)
    counts = sum((forget_holds(conn, one, scope) for one in titles), Counter[str]())
    return counts, Counter(), titles[-1] if len(titles) == CHUNK else None


def _events(conn: Connection, scope: Scope, after: Position) -> Outcome[Position]:
    done, there = forget_rest(conn, scope.cut_off, after)
    return Counter(events=done), Counter(), there


def _quotes(conn: Connection, scope: Scope, after: str) -> Outcome[str]:
    done, there = forget_quotes(conn, scope.cut_off, after)
    return Counter(cases=done), Counter(), there


def _imports(conn: Connection, scope: Scope, _after: str) -> Outcome[str]:
    return Counter(imports=forget_imports(conn, scope.cut_off)), Counter(), None


def _answers(conn: Connection, scope: Scope, _after: str) -> Outcome[str]:
    return Counter(answers=forget_answers(conn, scope.cut_off)), Counter(), None


def _note(
    conn: Connection, run: str, forgotten: Counter[str], who: Actor, now: dt.datetime
) -> None:
    counts = dict(sorted(forgotten.items()))
    note(conn, who, "privacy.purge", f"privacy-run:{run}", now, after=counts)
