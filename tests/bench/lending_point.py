"""A lending point without devices: both databases on disk, and the use cases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.domain.rules import CredentialRule, LoanRule, OfflineRule, PatronRule, Rules
from kiosk.domain.session import Book, BookClass
from kiosk.domain.values import Item, ItemState, Patron, PatronState, Title
from kiosk.ids import uuid7
from kiosk.service.daybook import Daybook
from kiosk.service.knowledge import Knowledge
from kiosk.service.lending import Lending
from kiosk.service.ports import Draft, Moment, Security, TagTarget
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.keys import public_hex, sign_rules
from sync.protocol import (
    Change,
    FeedPage,
    ItemChanged,
    Kind,
    PatronChanged,
    RulesChanged,
    TitleChanged,
)

KIOSK = "K-1"
STACK = 10
_HUB_KEY = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
_RULES = Rules(
    1,
    {"ADULT": PatronRule(STACK)},
    {"ADULT/BOOK": LoanRule((30,))},
    CredentialRule("00" * 16),
    offline=OfflineRule(max_loans=STACK),
)


@dataclass(frozen=True, slots=True)
class LendingPoint:
    """Patrons 0, 1, 2 …, each with a stack of books that nobody else has."""

    ledger: SqliteLedger
    lending: Lending
    now: Callable[[], Moment]

    def patron(self, number: int) -> Patron:
        return Patron(f"P{number:06d}", "ADULT", PatronState.VALID, "李*")

    def stack(self, number: int, books: int) -> list[Book]:
        """The first books of a patron's stack."""
        items = [_item(number, place) for place in range(books)]
        return [
            Book(
                item.barcode,
                BookClass.OWN,
                item.barcode,
                "乡村医生手册",
                "县图书馆",
                (f"E0040150{number:06X}{place:02X}",),
            )
            for place, item in enumerate(items)
        ]

    def checkouts(self, number: int, books: int) -> tuple[list[Draft], list[TagTarget]]:
        """What `lend_alone` would record of a stack."""
        at = self.lending.daybook.now()
        stack = self.stack(number, books)
        tags = [
            TagTarget(uid, book.barcode, Security.OUT)
            for book in stack
            for uid in book.uids
        ]
        return [self._draft(number, book, at) for book in stack], tags

    def lend(self, number: int, books: int) -> None:
        result = self.lending.lend_alone(
            self.patron(number), self.stack(number, books), f"S{number}"
        )
        assert result.receipt is not None

    def _draft(self, number: int, book: Book, at: Moment) -> Draft:
        return Draft(
            event_id=new_id(at),
            kind=Kind.CHECKOUT,
            session_id=f"S{number}",
            item=book.barcode,
            patron_ref=self.patron(number).patron_ref,
            loan_ref=new_id(at),
            payload={"by": "rfid", "tag_uids": list(book.uids), "title": book.title},
        )


@contextmanager
def lending_point(folder: Path, patrons: int) -> Iterator[LendingPoint]:
    """Open one whose hub has not answered since it told of so many patrons."""
    clock = SystemClock()
    with (
        closing(MirrorWriter(folder / "mirror.db", public_hex(_HUB_KEY))) as mirror,
        closing(SqliteLedger(folder / "ledger.db", KIOSK)) as ledger,
    ):
        now = clock.now().wall
        changes = tuple(_county(patrons))
        mirror.apply_page(FeedPage(changes=changes, cursor=1, more=False, hub_time=now))
        mirror.mark_synced(now)
        knowledge = Knowledge(ledger, MirrorReader(folder / "mirror.db"))
        daybook = Daybook(knowledge, "0417", clock.now, new_id)
        yield LendingPoint(ledger, Lending(daybook), clock.now)


def new_id(at: Moment) -> str:
    return uuid7(at, os.urandom(10))


def _county(patrons: int) -> Iterator[Change]:
    yield RulesChanged(sign_rules(_HUB_KEY, _RULES))
    yield TitleChanged(Title("T1", "乡村医生手册", "县图书馆"))
    for number in range(patrons):
        patron = Patron(f"P{number:06d}", "ADULT", PatronState.VALID, "李*")
        yield PatronChanged(patron)
        for place in range(STACK):
            yield ItemChanged(_item(number, place))


def _item(number: int, place: int) -> Item:
    return Item(
        f"YL{number:06d}{place:02d}",
        "T1",
        "BOOK",
        ItemState.LENDABLE,
        "CN-1",
        "0417",
        "0417",
    )
