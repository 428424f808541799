"""A point with both databases on disk, a hub that answers on request, and no devices."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kiosk.clock import BootTime
from kiosk.domain.credentials import digest
from kiosk.domain.rules import (
    CredentialRule,
    LoanRule,
    OfflineRule,
    PatronRule,
    Rules,
)
from kiosk.domain.session import Book, BookClass
from kiosk.domain.values import (
    Credential,
    Hold,
    Item,
    ItemState,
    Loan,
    Patron,
    PatronState,
    Site,
    Title,
)
from kiosk.service.daybook import Daybook
from kiosk.service.knowledge import Knowledge
from kiosk.service.lending import Lending
from kiosk.service.ports import Moment
from kiosk.service.returning import Returning
from kiosk.service.security import Custodian
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.keys import sign_rules
from sync.protocol import (
    Change,
    Clock,
    CredentialChanged,
    Event,
    FeedPage,
    ItemChanged,
    LoanChanged,
    Outcome,
    PatronChanged,
    Removed,
    RulesChanged,
    SiteChanged,
    TitleChanged,
    Verdict,
)
from tests.integration.store_samples import AT, HUB_KEY, HUB_PUBLIC, KIOSK

HERE, ELSEWHERE = "S1", "S2"
READER = Patron("P1", "ADULT", PatronState.VALID, "张*华")
OTHER = Patron("P2", "ADULT", PatronState.VALID, "李*")
CARD, OTHER_CARD = "04A1B2C3", "04D4E5F6"
COST = CredentialRule("00" * 16, n=16)
RULES = Rules(
    3,
    {"ADULT": PatronRule(3)},
    {"ADULT/BOOK": LoanRule((30,)), "ADULT/TOY": LoanRule((7,), limit=1)},
    COST,
    OfflineRule(max_days=7, max_loans=2),
    owners=("CN-1",),
)
#: The loan period from the day of `AT`.
DUE = dt.date(2026, 6, 3)


def book(barcode: str, *uids: str) -> Book:
    """A book on the pad; by default it has one tag."""
    return Book(barcode, BookClass.OWN, barcode, uids=uids or (f"E004{barcode}",))


def scanned(barcode: str) -> Book:
    return Book(barcode, BookClass.OWN, barcode)


def item(barcode: str, item_type: str = "BOOK", home: str = HERE) -> Item:
    return Item(barcode, "T1", item_type, ItemState.LENDABLE, "CN-1", home, HERE)


class World:
    """What is recorded, what the hub said, and the use cases between them."""

    def __init__(self, folder: Path, *, told: bool = True) -> None:
        """`told`: the hub has told of its readers, books and rules."""
        self.at: Moment = AT
        self._skipped_ns = 0
        self.ledger = SqliteLedger(folder / "ledger.db", KIOSK)
        self.hub = MirrorWriter(folder / "mirror.db", HUB_PUBLIC, self._boot_time)
        self.mirror = MirrorReader(folder / "mirror.db")
        self._reader = LedgerReader(folder / "ledger.db")
        self._ids = itertools.count(1)
        self.knowledge = Knowledge(self.ledger, self.mirror)
        self.daybook = Daybook(
            self.knowledge, HERE, self.now, lambda _: f"id-{next(self._ids)}"
        )
        self.lending = Lending(self.daybook)
        self.returning = Returning(self.daybook)
        self.custodian = Custodian(self.knowledge)
        if told:
            self._tell_all()

    def _tell_all(self) -> None:
        self.tell(
            RulesChanged(sign_rules(HUB_KEY, RULES)),
            *(PatronChanged(patron) for patron in (READER, OTHER)),
            CredentialChanged(Credential(digest(CARD, COST), READER.patron_ref)),
            CredentialChanged(Credential(digest(OTHER_CARD, COST), OTHER.patron_ref)),
            *(ItemChanged(item(f"B{number}")) for number in range(1, 11)),
            *(ItemChanged(item(f"T{number}", "TOY")) for number in (1, 2)),
            ItemChanged(item("F1", home=ELSEWHERE)),
            TitleChanged(Title("T1", "乡村医生手册", "县图书馆")),
            SiteChanged(Site(ELSEWHERE, "云岭县图书馆", "县馆", "hub")),
        )
        self.hub.mark_synced(AT.wall)

    def close(self) -> None:
        self.hub.close()
        self.ledger.close()

    # The hub -------------------------------------------------------------------

    def tell(self, *changes: Change) -> int:
        """Let the next page of the feed arrive; returns its version."""
        return self._next_page(changes, ())

    def tell_holds(self, *holds: Hold) -> int:
        """Let a page arrive that tells who waits; returns its version."""
        return self._next_page((), holds)

    def _next_page(self, changes: tuple[Change, ...], holds: tuple[Hold, ...]) -> int:
        version = self.hub.cursor() + 1
        self.hub.apply_page(
            FeedPage(
                changes=changes,
                holds=holds,
                cursor=version,
                more=False,
                hub_time=AT.wall,
            )
        )
        return version

    def judge(
        self,
        *events: Event,
        outcome: Outcome = Outcome.ACCEPTED,
        due_on: dt.date | None = DUE,
        reason: str | None = None,
        feed_version: int | None = None,
    ) -> None:
        """Let verdicts arrive; by default the mirror shows their effect already."""
        version = self.hub.cursor() if feed_version is None else feed_version
        verdicts = [
            Verdict(
                event_id=event.event_id,
                epoch=event.epoch,
                seq=event.seq,
                outcome=outcome,
                feed_version=version,
                due_on=due_on if outcome is Outcome.ACCEPTED else None,
                reason=reason,
            )
            for event in events
        ]
        self.hub.put_verdicts(verdicts, None, AT.wall)

    def on_loan(self, barcode: str, patron: Patron = READER, ref: str = "L") -> None:
        """The hub knows of an open loan."""
        loan = Loan(f"{ref}-{barcode}", barcode, patron.patron_ref, AT.wall, DUE)
        self.tell(LoanChanged(loan))

    def returned_elsewhere(self, loan_ref: str) -> None:
        self.tell(Removed("loan", loan_ref))

    # What this point knows --------------------------------------------------------

    def events(self) -> tuple[Event, ...]:
        head = self.ledger.head()
        return self._reader.events_after(head.epoch, 0, 1000)

    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events()]

    def now(self) -> Moment:
        """The wall clock stands still, the monotonic one runs and may be put forward."""
        running_ns = time.monotonic_ns() + self._skipped_ns
        return replace(self.at, monotonic_ns=running_ns)

    def _boot_time(self) -> BootTime:
        return BootTime(self.at.boot_id, self.now().monotonic_ns)

    def skip(self, seconds: float) -> None:
        self._skipped_ns += int(seconds * 1e9)

    def clock(self, quality: Clock, *, days: int = 0) -> None:
        """Set how far the wall clock can be trusted, and let days pass."""
        wall = self.at.wall + dt.timedelta(days=days)
        self.at = replace(self.at, wall=wall, quality=quality)


@contextmanager
def read_only(ledger: SqliteLedger) -> Iterator[None]:
    """The medium refuses the next transaction, as a worn-out card does."""
    ledger.events_of_item("", 0)  # its memory would not be writable either
    _pragma(ledger, "query_only = ON")
    try:
        yield
    finally:
        _pragma(ledger, "query_only = OFF")


@contextmanager
def full_disk(ledger: SqliteLedger) -> Iterator[Callable[[], None]]:
    """The file can't grow; what is small may still find room in it. Yields a way out."""

    def make_room() -> None:
        _pragma(ledger, "max_page_count = 4294967294")

    _pragma(ledger, "max_page_count = 1")  # SQLite takes the present size instead
    try:
        yield make_room
    finally:
        make_room()


def _pragma(ledger: SqliteLedger, text: str) -> None:
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA {text}")
