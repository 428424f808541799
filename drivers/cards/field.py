"""Which cards are in the field of a reader, smoothed over several looks."""

from __future__ import annotations

from collections.abc import Callable, Collection

from drivers.api import CardGone, CardKind, CardSeen, DeviceEvent


class Field:
    """Turns the sights of a flickering field into CardSeen and CardGone.

    With two cards in the field each gets its CardSeen; CardGone comes when the field
    is empty, or just before the CardSeen of a card that took the place of all others.
    """

    def __init__(
        self,
        gone_after: int,
        kind: CardKind = CardKind.ISO14443,
        *,
        number: Callable[[str], str] = str,
    ) -> None:
        """`gone_after`: a card that so many looks in a row miss is gone.

        `number` makes of a UID what CardSeen tells.
        """
        self._gone_after = gone_after
        self._kind = kind
        self._number = number
        self._misses: dict[str, int] = {}

    @property
    def uids(self) -> tuple[str, ...]:
        """The cards that are not gone."""
        return tuple(self._misses)

    def see(self, uids: Collection[str]) -> list[DeviceEvent]:
        """What one look means for who waits for cards."""
        events: list[DeviceEvent] = []
        if uids and self._misses and self._misses.keys().isdisjoint(uids):
            self._misses.clear()
            events.append(CardGone())
        occupied = bool(self._misses)
        events += [
            CardSeen(self._number(uid), self._kind)
            for uid in uids
            if uid not in self._misses
        ]
        self._count(uids)
        if occupied and not self._misses:
            events.append(CardGone())
        return events

    def _count(self, uids: Collection[str]) -> None:
        missed = {uid: misses + 1 for uid, misses in self._misses.items()}
        counted = missed | dict.fromkeys(uids, 0)
        self._misses = {
            uid: misses for uid, misses in counted.items() if misses < self._gone_after
        }
