"""Taking back: a return is a fact, whoever brings the book and whatever is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from kiosk.domain.holds import next_for
from kiosk.domain.session import Book, Line
from kiosk.domain.values import Hold, Item, Loan, county_day
from kiosk.service.daybook import Daybook, Result, how
from kiosk.service.ports import Draft, LedgerError, Moment, Security
from kiosk.view import LineState, Message
from sync.protocol import Clock, Kind

log = structlog.get_logger(__name__)

#: Tag UID → what was read back from it, None where it could not be written.
Armed = Mapping[str, Security | None]


@dataclass(frozen=True, slots=True)
class Returning:
    """The use case of the return screen."""

    daybook: Daybook

    def take_back(
        self, books: Sequence[Book], armed: Armed, session_id: str | None
    ) -> Result:
        """Record returns of books whose tags were armed (or failed to be) just now.

        One transaction for all. Raises LedgerError, and then nothing was recorded.
        """
        at = self.daybook.now()
        receipt = self.daybook.receipt()
        # Looked up before the record: afterwards nothing is on loan any more.
        loans = self.daybook.knowledge.loans_of_items([book.barcode for book in books])
        pairs = [(book, loans.get(book.barcode)) for book in books]
        drafts = [self._checkin(book, loan, session_id, at) for book, loan in pairs]
        tags = self.daybook.targets(books, Security.IN)
        self.daybook.record(drafts, at, tags)
        self._note_seen(armed)
        return Result(self._lines(pairs, armed, at), receipt)

    def _note_seen(self, armed: Armed) -> None:
        """Store what was read back; if that fails the tags are read once more."""
        try:
            self.daybook.knowledge.ledger.note_seen(armed)
        except LedgerError as err:
            log.warning("state of armed tags not stored", reason=str(err))

    def _checkin(
        self, book: Book, loan: Loan | None, session_id: str | None, at: Moment
    ) -> Draft:
        return Draft(
            self.daybook.new_id(at),
            Kind.CHECKIN,
            session_id=session_id,
            item=book.barcode,
            patron_ref=loan.patron_ref if loan else None,
            loan_ref=loan.loan_ref if loan else None,
            payload={**how(book), "title": book.title},
        )

    def _lines(
        self, pairs: Sequence[tuple[Book, Loan | None]], armed: Armed, at: Moment
    ) -> tuple[Line, ...]:
        knowledge = self.daybook.knowledge
        with knowledge.mirror.one_state():
            items = knowledge.mirror.items([book.barcode for book, _ in pairs])
            waited_for = _set_aside(items, knowledge.holds_on(list(items.values())))
            return tuple(
                _line(
                    book,
                    armed,
                    self._way(waited_for.get(book.barcode))
                    or self._hint(loan, items.get(book.barcode), at),
                )
                for book, loan in pairs
            )

    def _way(self, hold: Hold | None) -> Message | None:
        """Where a copy goes that somebody waits for."""
        if hold is None:
            return None
        if hold.site_id == self.daybook.site_id:
            return Message("return.hold")
        site = self.daybook.knowledge.mirror.site(hold.site_id)
        return Message("return.hold_elsewhere", {"site": site.name if site else ""})

    def _hint(self, loan: Loan | None, item: Item | None, at: Moment) -> Message:
        if loan is None:
            return self._without_loan(item)
        late = (county_day(at.wall) - loan.due_on).days
        if late > 0 and at.quality is not Clock.GUESSED:
            return Message("return.late", {"n": late})
        if item is not None and item.home_site != self.daybook.site_id:
            home = self.daybook.knowledge.mirror.site(item.home_site)
            return Message("return.other_site", {"owner": home.name if home else ""})
        return Message("return.ok")

    def _without_loan(self, item: Item | None) -> Message:
        """No loan means "returned already" only to a mirror that knows the book."""
        complete = self.daybook.knowledge.mirror.status().synced_at is not None
        return Message("return.already" if item and complete else "return.ok")


def _set_aside(items: Mapping[str, Item], holds: Sequence[Hold]) -> Mapping[str, Hold]:
    """Which of these copies is for whom: no two for the same reader."""
    found: dict[str, Hold] = {}
    left = list(holds)
    for barcode, item in items.items():
        if hold := next_for(left, item):
            found[barcode] = hold
            left.remove(hold)
    return found


def _line(book: Book, armed: Armed, hint: Message) -> Line:
    wrong = frozenset(uid for uid in book.uids if armed.get(uid) is not Security.IN)
    return Line(book, LineState.PUT_BACK if wrong else LineState.OK, hint, wrong)
