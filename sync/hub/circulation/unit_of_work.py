"""What one transaction has read and is going to write, so that it asks but once.

ADR-unit-of-work.md says why, and what is read when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Result

from kiosk.domain.rules import Rules
from kiosk.domain.values import Item, Patron, Site, Title
from sync.hub.circulation.facts import LoanRecord
from sync.hub.circulation.patron_loans import PatronLoans
from sync.hub.clocks.dating import Clocks
from sync.hub.county import rulebook
from sync.hub.county.catalogue import index_titles
from sync.hub.feed.feedmarks import Feed, FeedMarks
from sync.hub.intake.event_log import EventLog
from sync.hub.library.task_log import TaskLog
from sync.hub.store import schema
from sync.hub.store.identity_map import IdentityMap
from sync.hub.store.rows import Row, item_value, patron_value, site_value, title_value

T = TypeVar("T")


class UnitOfWork:
    """The rows that judging is about; belongs to one transaction that may write.

    `loans_before`: loans that have changed as they were, None for new ones, until
    the limits of their readers are looked at (`limits.settle`).
    What judging put here is in the database after `flush`. Whoever asks or changes
    the database itself goes through `ask` or `conn`.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.facts = IdentityMap(conn, schema.facts, ("item", "title_id"))
        self.loans = IdentityMap(conn, schema.loans, ("item", "patron_ref"))
        self.patron_loans = PatronLoans(self.loans)
        self.holds = IdentityMap(conn, schema.holds, ("title_id",))
        self.hold_steps = IdentityMap(conn, schema.hold_steps, ("title_id",))
        self.hold_bars = IdentityMap(conn, schema.hold_bars, ("patron_ref",))
        self.cases = IdentityMap(conn, schema.cases, ("item",))
        self.case_steps = IdentityMap(conn, schema.case_steps)
        self.items = IdentityMap(conn, schema.items, ("title_id",))
        self.transfers = IdentityMap(conn, schema.transfers, ("item",))
        self.boxes = IdentityMap(conn, schema.boxes)
        self.box_items = IdentityMap(conn, schema.box_items, ("box_id",))
        self.titles = IdentityMap(conn, schema.titles)
        self.patrons = IdentityMap(conn, schema.patrons)
        self.sites = IdentityMap(conn, schema.sites)
        self.events = EventLog(conn)
        self.feed = FeedMarks(conn)
        self.library = TaskLog(conn)
        self.loans_before: dict[str, LoanRecord | None] = {}
        self._rules: dict[int, Rules] = {}
        self._clocks: dict[str, Clocks] = {}

    @property
    def conn(self) -> Connection:
        """The database itself: all is written, and nothing remembered."""
        self.flush()
        self._read_anew()
        return self._conn

    def ask(self, query: Executable) -> Result[Any]:
        """Ask the database itself something, after all is written."""
        self.flush()
        return self._conn.execute(query)

    def flush(self) -> None:
        for part in self._parts:
            part.flush()

    def forget(self) -> None:
        """Know nothing any more, not even what was to be written."""
        self._read_anew()
        self.loans_before.clear()

    def _read_anew(self) -> None:
        for part in (*self._parts, self.patrons, self.sites, self.patron_loans):
            part.forget()

    def item(self, barcode: str) -> Item | None:
        return _value(self.items, barcode, item_value)

    def patron(self, patron_ref: str) -> Patron | None:
        return _value(self.patrons, patron_ref, patron_value)

    def title(self, title_id: str) -> Title | None:
        return _value(self.titles, title_id, title_value)

    def site(self, site_id: str) -> Site | None:
        return _value(self.sites, site_id, site_value)

    def put_item(self, item: Item) -> None:
        self.items.put(asdict(item))
        self.feed.mark(Feed.ITEM, [item.barcode])

    def put_title(self, title: Title) -> None:
        known = self.title(title.title_id)
        index_titles(self._conn, {title.title_id: known} if known else {}, [title])
        self.titles.put(asdict(title))
        self.feed.mark(Feed.TITLE, [title.title_id])

    def rules_of(self, version: int) -> Rules:
        """One version of the rules; those in force if it was never kept."""
        if version not in self._rules:
            self._rules[version] = rulebook.rules_of(self._conn, version)
        return self._rules[version]

    @cached_property
    def rules_version(self) -> int:
        return rulebook.newest_version(self._conn)

    def clocks_of(self, kiosk_id: str) -> Clocks:
        """The same for all its events: nothing is learnt while they are judged."""
        if kiosk_id not in self._clocks:
            self._clocks[kiosk_id] = Clocks(self._conn, kiosk_id)
        return self._clocks[kiosk_id]

    @property
    def _parts(self) -> tuple[IdentityMap | EventLog | FeedMarks | TaskLog, ...]:
        return (
            self.events,
            self.facts,
            self.loans,
            self.holds,
            self.hold_steps,
            self.hold_bars,
            self.cases,
            self.case_steps,
            self.items,
            self.transfers,
            self.boxes,
            self.box_items,
            self.titles,
            self.feed,
            self.library,
        )


@contextmanager
def unit_of_work(conn: Connection) -> Iterator[UnitOfWork]:
    """Written at the end, and not if an error comes out of it."""
    work = UnitOfWork(conn)
    yield work
    work.flush()


def _value(rows: IdentityMap, key: str, value: Callable[[Row], T]) -> T | None:
    row = rows.get(key)
    return None if row is None else value(row)
