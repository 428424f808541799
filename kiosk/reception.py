"""What devices say, put into the visit's terms: who came, what lies there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from drivers.api import (
    CardGone,
    CardSeen,
    CodeScanned,
    DeviceEvent,
    PeoplePassed,
    Sense,
    SenseChanged,
    TagsOnPad,
)
from kiosk.domain.session import (
    Book,
    BookScanned,
    CardTaken,
    Noticed,
    PatronCame,
    Visitor,
)
from kiosk.rooms import Rooms
from kiosk.service.identification import Unknown
from kiosk.view import Message
from kiosk.visit import Visit


@dataclass(frozen=True, slots=True)
class Reception:
    """Looks up what a device tells and passes it on."""

    rooms: Rooms
    visit: Visit

    def said(self, device: str, event: DeviceEvent, now: float) -> None:
        """Deal with one event of a device."""
        identification, at = self.rooms.identification, self.rooms.daybook.now()
        match event:
            case TagsOnPad():
                self._pad_said(device, event, now)
            case CardSeen():
                self._identified(identification.card(event.uid, at), now)
            case CodeScanned():
                self._identified(identification.code(event.text, at), now)
            case CardGone():
                self.visit.advance(CardTaken(), now)
            case SenseChanged(Sense.PAPER_OUT):
                self.rooms.printing.paper(device, out=event.active)
            case SenseChanged():
                self.rooms.contacts.changed(device, event, now)
            case PeoplePassed():
                self.rooms.contacts.passed(event, now)
            case _:
                assert_never(event)

    def _pad_said(self, device: str, event: TagsOnPad, now: float) -> None:
        pads, cards = self.rooms.pads, self.rooms.pad_cards
        stack = pads.saw(device, event)
        card = cards.find(event.tags, self.rooms.daybook.now())
        self.visit.advance(pads.set_apart(card.uid) or stack if card else stack, now)
        if card is not None:
            self.visit.advance(PatronCame(card.visitor, self.visit.new_id()), now)
        if cards.lifted(pads.present):
            self.visit.advance(CardTaken(), now)

    def _identified(self, who: Visitor | Book | Unknown, now: float) -> None:
        match who:
            case Visitor():
                self.visit.advance(PatronCame(who, self.visit.new_id()), now)
            case Book():
                self.visit.advance(BookScanned(who), now)
            case Unknown():
                self.visit.advance(Noticed(Message(who.value)), now)
