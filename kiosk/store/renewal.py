"""Records anew what stands under numbers that the hub holds other events under.

A card that was rolled back, or of which a clone is in use, gives numbers out that
were given out before. Events recorded under them go on in a new epoch: the same
events, with the same ids, in the same order. The originals stay and are not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from kiosk.store.append import begin_epoch, chain_again
from kiosk.store.ledger_queries import (
    events_between,
    head_of,
    select_open_asks,
    span_of,
    to_events,
)
from kiosk.store.ledger_schema import Reason, open_asks, renewed
from sync.protocol import Event

#: Tells which of these events the hub has given its last word on.
Final = Callable[[Sequence[str]], Collection[str]]
#: Events read at once.
_STRIDE = 500


def nothing_final(_event_ids: Sequence[str]) -> Collection[str]:
    """What a kiosk knows of the hub's verdicts while it has no mirror."""
    return ()


@dataclass(frozen=True, slots=True)
class Renewal:
    """How to begin the new epoch.

    `keep_asks`: asks that are open in the newest epoch go on in the new one. False
    after a restart, when nobody knows any more whether they were confirmed.
    """

    kiosk_id: str
    new_epoch: Callable[[], str]
    final: Final
    keep_asks: bool = True


def renew(
    connection: Connection, epochs: Sequence[str], how: Renewal, reason: Reason
) -> int | None:
    """Leave these epochs for a new one; return how many events were recorded anew.

    None if there is nothing to do: the newest epoch is none of them, and all their
    events are either judged or recorded anew already.
    """
    head, _ = head_of(connection)
    asks = to_events(connection.execute(select_open_asks())) if how.keep_asks else ()
    waiting = _waiting(connection, epochs, how.final, asks)
    first = next(waiting, None)
    if head.epoch not in epochs and first is None:
        return None
    begin_epoch(connection, how.new_epoch(), how.kiosk_id, reason)
    count = 0
    while first is not None:
        _record_anew(connection, how.kiosk_id, first, asks)
        count += len(first)
        first = next(waiting, None)
    return count


_Numbered = tuple[int, Event]


def _waiting(
    connection: Connection,
    epochs: Sequence[str],
    final: Final,
    asks: Sequence[Event],
) -> Iterator[list[_Numbered]]:
    """Pages of events to record anew, oldest first; the open asks are among them."""
    head, before = head_of(connection)
    spans = [span for epoch in epochs if (span := span_of(connection, epoch))]
    for span in spans:
        yield from _unjudged(connection, span, final, {ask.event_id for ask in asks})
    if asks and head.epoch not in epochs:
        yield [(before + ask.seq, ask) for ask in asks]


def _unjudged(
    connection: Connection,
    span: tuple[int, int],
    final: Final,
    wanted: Collection[str],
) -> Iterator[list[_Numbered]]:
    before, last = span
    start = before
    while page := to_events(
        connection.execute(events_between(start, last).limit(_STRIDE))
    ):
        numbered = [(before + event.seq, event) for event in page]
        start = numbered[-1][0]
        judged = set(final([event.event_id for event in page])) - set(wanted)
        left = _renewed_among(connection, [number for number, _ in numbered])
        found = [
            (number, event)
            for number, event in numbered
            if event.event_id not in judged and number not in left
        ]
        if found:
            yield found


def _renewed_among(connection: Connection, numbers: Sequence[int]) -> set[int]:
    query = select(renewed.c.number).where(renewed.c.number.in_(numbers))
    return set(connection.execute(query).scalars())


def _record_anew(
    connection: Connection,
    kiosk_id: str,
    originals: Sequence[_Numbered],
    asks: Sequence[Event],
) -> None:
    events = [
        msgspec.structs.replace(event, kiosk_id=kiosk_id) for _, event in originals
    ]
    numbers = chain_again(connection, events)
    connection.execute(
        renewed.insert(), [{"number": number} for number, _ in originals]
    )
    still_open = {ask.event_id for ask in asks}
    again = [
        {"number": number}
        for number, event in zip(numbers, events, strict=True)
        if event.event_id in still_open
    ]
    if again:
        connection.execute(open_asks.insert(), again)
