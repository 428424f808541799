"""What the events of a ledger amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kiosk.store.ledger_reader import LedgerReader
from sync.protocol import Event, Kind, Mode

_MOST_EVENTS = 1_000_000


def every_event(path: Path) -> Sequence[Event]:
    """All events of all epochs, in order."""
    reader = LedgerReader(path)
    return [
        event
        for epoch in reader.epochs()
        for event in reader.events_after(epoch, 0, _MOST_EVENTS)
    ]


def happened(events: Sequence[Event]) -> set[str]:
    """Ids of checkouts that are facts: recorded as such, or asks that were confirmed."""
    confirmed = {event.refers_to for event in events if event.kind is Kind.CONFIRMED}
    return {
        event.event_id
        for event in events
        if event.kind is Kind.CHECKOUT
        and (event.mode is Mode.FACT or event.event_id in confirmed)
    }


def unclosed_asks(events: Sequence[Event]) -> list[str]:
    """Asks that were closed never, or more than once."""
    closes = Counter(event.refers_to for event in events if event.refers_to)
    asks = [event.event_id for event in events if event.mode is Mode.ASK]
    return [ask for ask in asks if closes[ask] != 1]
