"""Which events the ledger may forget: old, heard by the hub, and done with for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog

from kiosk.service.ports import Ledger, Mirror, Moment
from sync.protocol import Clock, Event, Mode, Outcome, Verdict

#: Events removed in one transaction: some milliseconds, even on a worn card.
BATCH = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """Keeps acknowledged events for `keep`, to be sent again to a restored hub."""

    ledger: Ledger
    mirror: Mirror
    keep: dt.timedelta

    def remove_some(self, now: Moment) -> int:
        """Remove the oldest events in one small transaction; return how many went.

        Without a clock that can be trusted nothing is old. Raises LedgerError.
        """
        if now.quality is not Clock.SYNCED:
            return 0
        settled = self.mirror.settled()
        for epoch, through in settled.items():
            events = self.ledger.oldest_events(epoch, through, BATCH)
            last = self._last_to_go(events, now.wall - self.keep)
            if last is not None:
                removed = self.ledger.remove_through(last)
                log.info("old events removed", count=removed, through=last.seq)
                return removed
        return 0

    def _last_to_go(self, events: Sequence[Event], before: dt.datetime) -> Event | None:
        if not events or _young(events[0], before):
            return None
        verdicts = self.mirror.verdicts([event.event_id for event in events])
        asks = {ask.event_id for ask in self.ledger.open_asks()}
        return last_removable(events, verdicts, asks, before)


def last_removable(
    events: Sequence[Event],
    verdicts: Mapping[str, Verdict],
    open_asks: Collection[str],
    before: dt.datetime,
) -> Event | None:
    """The last of these settled events, oldest first, up to which all may go.

    Order is certain and time is not: an event dated by a guess is as old as the
    next one that is dated well, so none goes without such a one behind it.
    """
    last = None
    for event in events:
        if _young(event, before) or event.event_id in open_asks:
            break
        if _is_refused_fact(event, verdicts.get(event.event_id)):
            break
        if event.clock is not Clock.GUESSED:
            last = event
    return last


def _young(event: Event, before: dt.datetime) -> bool:
    return event.clock is not Clock.GUESSED and event.occurred_at > before


def _is_refused_fact(event: Event, verdict: Verdict | None) -> bool:
    """A refused ask has had its answer; a refused fact still waits for a person.

    So does one whose verdict a rebuilt mirror no longer holds.
    """
    if event.mode is Mode.ASK:
        return False
    return verdict is None or verdict.outcome is Outcome.REFUSED
