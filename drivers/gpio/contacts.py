"""Contacts chatter and beams flicker: what is believed of a pin, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Contact:
    """A contact is believed once it has kept its state for `settle_s`.

    A parcel that falls past the switch of a return box does not fill the box. All
    times are monotonic seconds.
    """

    settle_s: float
    believed: bool | None = None
    seen: bool = False
    since: float = 0.0

    def observe(self, now: float, *, active: bool) -> None:
        """Take in the pin's state, at a change or at any other time."""
        if active != self.seen:
            self.seen, self.since = active, now

    def change(self, now: float) -> bool | None:
        """The state to tell, once; the first one is told at once. None: nothing new."""
        first = self.believed is None
        unsure = now - self.since < self.settle_s
        if not first and (self.seen == self.believed or unsure):
            return None
        self.believed = self.seen
        return self.believed


@dataclass(slots=True)
class Turnstile:
    """Counts interruptions of a light beam; two legs are one person.

    An interruption that begins within `hold_off_s` of the last counted one belongs
    to it.
    """

    hold_off_s: float
    counted_at: float = float("-inf")

    def passes(self, now: float) -> bool:
        """Whether an interruption at this moment is another person."""
        if now - self.counted_at < self.hold_off_s:
            return False
        self.counted_at = now
        return True
