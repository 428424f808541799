"""The RFID pads as one table: what lies there, as far as it can be believed."""

from __future__ import annotations

from collections.abc import Callable

from drivers.api import Tag, TagsOnPad
from kiosk.domain.pad import Pad, Patience, blind, fence, observe, recount
from kiosk.domain.session import Book, StackChanged


class PadRoom:
    """Believes the pads' noisy rounds with patience and knows which tag lies where."""

    def __init__(
        self, patience: Patience, read: Callable[[list[Tag]], tuple[Book, ...]]
    ) -> None:
        self._patience = patience
        self._read = read
        self._pads: dict[str, Pad] = {}
        self._lost: dict[str, Pad] = {}
        self._tags: dict[str, Tag] = {}
        self._place: dict[str, str] = {}
        self._cards: set[str] = set()
        self._books: tuple[tuple[Tag, ...], tuple[Book, ...]] = ((), ())
        self._shown: StackChanged | None = None

    @property
    def present(self) -> frozenset[str]:
        """Every tag on any pad, fenced or not."""
        return frozenset(uid for pad in self._pads.values() for uid in pad.misses)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The same as they were seen last."""
        return tuple(self._tags.values())

    def read(self) -> tuple[Book, ...]:
        """The books of all tags there, fenced or not."""
        return self._read(list(self._tags.values()))

    def place_of(self, uid: str) -> str | None:
        """The pad on which a tag was seen last, None once it has been lifted."""
        return self._place.get(uid)

    def afi_of(self, uid: str) -> int | None:
        """The AFI that a tag showed last, None where it showed none or is lifted."""
        return self._tags[uid].afi if uid in self._tags else None

    def saw(self, device: str, event: TagsOnPad) -> StackChanged | None:
        """Fold in one round; returns the stack if anything about it changed."""
        for tag in event.tags:
            self._tags[tag.uid] = tag
            self._place[tag.uid] = device
        seen = dict.fromkeys(tag.uid for tag in event.tags)  # as the pad orders them
        before = self._pads.get(device) or self._lost.pop(device, Pad())
        self._pads[device] = observe(before, seen, self._patience)
        self._forget_lifted()
        return self._changed()

    def lost(self, device: str) -> StackChanged | None:
        """A pad that is gone shows nothing; when it comes back the visit goes on."""
        if pad := self._pads.pop(device, None):
            self._lost[device] = blind(pad)
        self._forget_lifted()
        return self._changed()

    def set_apart(self, uid: str) -> StackChanged | None:
        """Leave a patron's card out of the stack until it is lifted."""
        self._cards.add(uid)
        return self._changed()

    def fence(self) -> StackChanged | None:
        """Ignore what lies there until it has been lifted."""
        self._pads = {name: fence(pad) for name, pad in self._pads.items()}
        self._lost.clear()  # what lies there when they come back is nobody's either
        return self._changed()

    def recount(self) -> StackChanged | None:
        """Believe nothing about stability until the next rounds agree."""
        self._pads = {name: recount(pad) for name, pad in self._pads.items()}
        return self._changed()

    def reread(self) -> StackChanged | None:
        """Look the stack up again, as the mirror may know more now."""
        self._books = ((), ())
        return self._changed()

    def _forget_lifted(self) -> None:
        self._cards &= self.present
        for uid in self._tags.keys() - self.present:
            del self._tags[uid], self._place[uid]

    def _changed(self) -> StackChanged | None:
        # A tag that was moved lies on two pads until the first one has missed it.
        stacks = (uid for pad in self._pads.values() for uid in pad.stack)
        uids = dict.fromkeys(uid for uid in stacks if uid not in self._cards)
        stable = all(pad.stable(self._patience) for pad in self._pads.values())
        stack = StackChanged(self._look_up([self._tags[uid] for uid in uids]), stable)
        if stack == self._shown:
            return None
        self._shown = stack
        return stack

    def _look_up(self, tags: list[Tag]) -> tuple[Book, ...]:
        """Books of these tags; looked up once, not at every round."""
        if self._books[0] != tuple(tags):
            self._books = (tuple(tags), self._read(tags))
        return self._books[1]
