"""Which batches of a backlog may come in, and when the others shall: slots.

Pure: no clock, no lock. A batch's work is counted in events. As long as the work
inside stays below what a kiosk may reasonably wait for, everybody comes in. The
others get slots one after another at the measured pace, so that they arrive just
as fast as they can be served, whatever their number.
"""

from __future__ import annotations

#: What a batch costs besides its events, in events.
BATCH_COST = 4
#: What it costs to tell a kiosk to come later, in events.
REFUSAL_COST = 1
#: Believed before anything was measured, seconds per event.
FIRST_PACE_S = 0.002
#: So much work, in events, is remembered in measuring.
MEMORY = 1000
#: A batch comes in while what is inside takes no longer than this. It keeps the
#: wait below the time by which a kiosk calls an answer prompt.
ROOM_S = 0.7
#: The same while others stand in line and this one has no slot.
ROOM_WITHOUT_SLOT_S = 0.05
#: Batches inside at once; the server has more threads than this.
MAX_INSIDE = 24
#: No slot is further away (PROTOCOL.md, section 11).
LONGEST_S = 900.0
#: A kiosk adds up to a second to its wait, or up to 10 % if that is more: told so
#: much less, it comes in the middle of what was meant for it.
ADDED_S, ADDED_PART = 0.5, 0.05
#: Slots are shorter than the work by this. Who comes a little too soon waits inside;
#: time in which nobody is inside is lost to everybody.
SPACING = 0.95
#: Whoever has not come so long after the slot has lost it.
FORGET_S = 120.0


class Slots:
    """The line in front of one worker process. `kiosk` is any name for the caller."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._inside: list[int] = []
        self._told: dict[str, float] = {}
        self._line_ends_s = 0.0

    @property
    def pace_s(self) -> float:
        """Seconds per event, as measured."""
        return self._pace.per_event_s

    def wait_s(self, kiosk: str, events: int, now_s: float) -> int:
        """Return 0 if this batch may `enter`, else the seconds until its slot."""
        due = self._is_due(kiosk, now_s)
        return 0 if self._has_room(now_s, due=due) else self._tell(kiosk, events, now_s)

    def wait_to_repeat_s(self, kiosk: str, events: int, now_s: float) -> int:
        """As `wait_s` for one that has to come twice: 0 if it shall do so at once.

        It is expected then. Who comes meanwhile stands behind it, or a rush would be
        sent back as a whole, to come again as a whole.
        """
        near = self._line_ends_s - now_s < ROOM_S
        due = self._is_due(kiosk, now_s)
        if not (due or near) or not self._has_room(now_s, due=due):
            return self._tell(kiosk, events, now_s)
        self._take_place(work(events), now_s)
        self._told[kiosk] = now_s
        return 0

    def ahead_s(self, kiosk: str, now_s: float) -> float:
        """Seconds until the slot that was told, below 0 once it has come."""
        return self._told[kiosk] - now_s

    def recall(self, kiosk: str, slot_s: float, now_s: float) -> None:
        """Know a slot that was told elsewhere; the latest that was told counts."""
        if -FORGET_S < slot_s - now_s <= LONGEST_S:
            known_s = self._told.pop(kiosk, slot_s)
            self._told[kiosk] = max(known_s, slot_s)

    def enter(self, kiosk: str, events: int, now_s: float) -> None:
        self._told.pop(kiosk, None)
        if not self._inside:
            self._pace.begin(now_s)
        self._inside.append(work(events))

    def leave(self, events: int, now_s: float) -> None:
        self._inside.remove(work(events))
        self._pace.measure(work(events), now_s)

    def turned_away(self) -> None:
        """Saying no takes time as well; all slots given from now on are later by it."""
        self._line_ends_s += REFUSAL_COST * self.pace_s
        self._pace.disturb()

    def _is_due(self, kiosk: str, now_s: float) -> bool:
        self._forget(now_s)
        return self._told.get(kiosk, now_s + 1) <= now_s

    def _tell(self, kiosk: str, events: int, now_s: float) -> int:
        """Seconds until the slot that it was told, or is told now."""
        slot_s = self._told.get(kiosk, now_s)
        if slot_s <= now_s:
            slot_s = now_s + told_s(self._take_place(work(events), now_s) - now_s)
            self._told.pop(kiosk, None)
            self._told[kiosk] = slot_s
        return max(round(slot_s - now_s), 1)

    def _has_room(self, now_s: float, *, due: bool) -> bool:
        if not self._inside:
            return True
        nobody_before = due or self._line_ends_s <= now_s
        room_s = ROOM_S if nobody_before else ROOM_WITHOUT_SLOT_S
        return len(self._inside) < MAX_INSIDE and self._inside_s() < room_s

    def _take_place(self, size: int, now_s: float) -> float:
        """Put a batch at the end of the line; return when it is its turn."""
        start_s = max(self._line_ends_s, now_s + self._inside_s())
        length_s = size * self.pace_s * SPACING
        self._line_ends_s = min(start_s + length_s, now_s + LONGEST_S)
        return start_s

    def _inside_s(self) -> float:
        return sum(self._inside) * self.pace_s

    def _forget(self, now_s: float) -> None:
        """Slots stand nearly in the order of their times, so the oldest are in front."""
        while self._told:
            kiosk, slot_s = next(iter(self._told.items()))
            if slot_s > now_s - FORGET_S:
                return
            del self._told[kiosk]


class Pace:
    """What an event takes, by the clock on the wall while somebody is inside.

    Whatever else the machine has to do: slots can follow each other no faster. Times
    in which somebody was turned away don't count, or the first rush would be taken
    for the whole.
    """

    def __init__(self) -> None:
        self._work = float(MEMORY)
        self._took_s = MEMORY * FIRST_PACE_S
        self._since_s: float | None = None

    @property
    def per_event_s(self) -> float:
        return self._took_s / self._work

    def begin(self, now_s: float) -> None:
        self._since_s = now_s

    def disturb(self) -> None:
        self._since_s = None

    def measure(self, amount: int, now_s: float) -> None:
        """So much work was done since the last measure, or since the beginning."""
        if self._since_s is not None:
            kept = max(1 - amount / MEMORY, 0.0)
            self._work = self._work * kept + amount
            self._took_s = self._took_s * kept + max(now_s - self._since_s, 0.0)
        self._since_s = now_s


def work(events: int) -> int:
    """The work of a batch, in events."""
    return events + BATCH_COST


def told_s(wait_s: float) -> int:
    """The whole seconds that a kiosk is told, so that it comes when it is meant to."""
    wait_s = min(wait_s, LONGEST_S)
    return max(round(min(wait_s - ADDED_S, wait_s / (1 + ADDED_PART))), 1)
