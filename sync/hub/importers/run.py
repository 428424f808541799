"""One import: where it reads from, how it is to go, and the frame around it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from sync.hub.county.audit import Actor
from sync.hub.importers.journal import Journal, begin_run, end_run
from sync.hub.importers.marc import Encoding
from sync.hub.importers.report import ImportReport, Sink, Tally
from sync.hub.importers.source import Content, release
from sync.hub.importers.store import writing
from sync.hub.importers.tables import Layout
from sync.hub.store.database import Database

#: Called with how many rows were dealt with just now, and with about how many there
#: are; 0 if that is not known.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to import and how. `file` is its name in messages, never opened."""

    file: str
    content: Content
    who: Actor
    now: Callable[[], dt.datetime]
    encoding: Encoding = Encoding.AUTO
    dry_run: bool = False
    layout: Layout = field(default_factory=Layout)
    progress: Progress = lambda _done, _total: None
    sink: Sink = lambda _rejected: None


@dataclass(frozen=True, slots=True)
class Run:
    """An import at work; a dry one writes its journal as well, and rolls it back."""

    database: Database
    order: Order
    journal: Journal
    tally: Tally

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, for one chunk."""
        with writing(self.database, dry_run=self.order.dry_run) as conn:
            yield conn
        release(self.order.content)
        self.tally.tell()

    def report(self) -> ImportReport:
        """Close the run and say what became of it."""
        dry_run = self.order.dry_run
        run = "" if dry_run else self.journal.run
        tally = self.tally
        if not dry_run:
            figures = {
                "taken": tally.taken,
                "changed": tally.changed,
                "items": tally.items,
                "rejected": tally.rejected_total,
            }
            end_run(self.database, run, figures, self.order.now())
        return tally.report(run, dry_run=dry_run)


def begin(database: Database, order: Order, kind: str) -> Run:
    tally = Tally(order.file, order.sink)
    if order.dry_run:
        return Run(database, order, Journal("dry-run"), tally)
    journal = begin_run(database, kind, order.file, order.who, order.now())
    return Run(database, order, journal, tally)
