"""Patron cards on the book pad: they identify, like on a reader of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from drivers.api import Tag
from kiosk.domain.session import Visitor
from kiosk.service.classify import card_numbers
from kiosk.service.identification import Identification
from kiosk.service.ports import Moment


@dataclass(frozen=True, slots=True)
class CardOnPad:
    """A tag that turned out to be the card of this patron."""

    uid: str
    visitor: Visitor


@dataclass(slots=True)
class PadCards:
    """Looks at each tag once while it lies there, as asking for a card takes time.

    A tag that could not be read yet is not looked at: it is a book most likely.
    """

    identification: Identification
    _looked_at: set[str] = field(default_factory=set)
    _cards: set[str] = field(default_factory=set)

    def find(self, tags: Iterable[Tag], at: Moment) -> CardOnPad | None:
        """The first card among these tags that was not there before."""
        for tag in tags:
            if tag.uid in self._looked_at or not (tag.memory or tag.epc_bank):
                continue
            self._looked_at.add(tag.uid)
            visitor = self._visitor(tag, at)
            if visitor is not None:
                self._cards.add(tag.uid)
                return CardOnPad(tag.uid, visitor)
        return None

    def lifted(self, present: Collection[str]) -> bool:
        """Forget what is gone; whether a card went with it."""
        cards = len(self._cards)
        self._looked_at.intersection_update(present)
        self._cards.intersection_update(present)
        return len(self._cards) < cards

    def _visitor(self, tag: Tag, at: Moment) -> Visitor | None:
        for number in card_numbers(tag):
            who = self.identification.card(number, at)
            if isinstance(who, Visitor):
                return who
        return None
