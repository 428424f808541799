"""Who is this, and what did they scan? The reader is never asked which card it is."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.domain.account import Waiting
from kiosk.domain.credentials import digest, normalise
from kiosk.domain.policy import patron_refusal, remaining
from kiosk.domain.session import Book, Visitor
from kiosk.domain.values import Patron
from kiosk.service.classify import scanned_book
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import Moment
from kiosk.view import Message

_ISBN = re.compile(r"97[89]\d{10}")


class Unknown(enum.Enum):
    """What can't be helped here, with its words."""

    CARD = "E-CARD-UNKNOWN"
    ITEM = "E-ITEM-UNKNOWN"
    ISBN = "E-ISBN"


@dataclass(frozen=True, slots=True)
class Identification:
    """Looks up cards and codes in what the hub told us.

    `waiting` gives the holds of a patron.
    """

    knowledge: Knowledge
    waiting: Callable[[str], tuple[Waiting, ...]] = lambda _patron_ref: ()

    def card(self, uid: str, at: Moment) -> Visitor | Unknown:
        """Identify a patron by anything that stands for one."""
        patron = self._patron(uid)
        return self._visitor(patron, at) if patron else Unknown.CARD

    def code(self, text: str, at: Moment) -> Visitor | Book | Unknown:
        """Tell a patron's code from a book's label; labels are cheaper to look up."""
        barcode = normalise(text)
        book = scanned_book(barcode, self.knowledge.mirror)
        if book:
            return book
        if _ISBN.fullmatch(barcode.replace("-", "")):
            return Unknown.ISBN
        patron = self._patron(barcode)
        return self._visitor(patron, at) if patron else Unknown.ITEM

    def visitor(self, patron_ref: str, at: Moment) -> Visitor | None:
        """The same patron with today's figures."""
        patron = self.knowledge.mirror.patron(patron_ref)
        return self._visitor(patron, at) if patron else None

    def _patron(self, credential: str) -> Patron | None:
        rules = self.knowledge.mirror.rules()
        if rules is None:
            return None
        return self.knowledge.mirror.patron_by_digest(
            digest(credential, rules.credential)
        )

    def _visitor(self, patron: Patron, at: Moment) -> Visitor:
        rules = self.knowledge.mirror.rules()
        loans = self.knowledge.loans_of(patron.patron_ref)
        if rules is None:
            return Visitor(patron, 0, Message("E-GENERIC"))
        refusal = patron_refusal(patron, loans, rules, self.knowledge.today(at))
        words = Message(refusal.reason, refusal.params) if refusal else None
        left = 0 if refusal else remaining(patron, loans, rules)
        waiting = self.waiting(patron.patron_ref)
        ready = tuple(one for one in waiting if one.ready_at is not None)
        return Visitor(patron, left, words, ready)
