"""From ledger to hub: batches out, verdicts into the mirror."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from sync.agent.errors import HubRefused, HubUnreachable
from sync.agent.outbox import Outbox, holds
from sync.agent.ports import Hub, Mirror
from sync.protocol import MAX_BATCH, BatchAnswer, Event, Outcome, Verdict

#: Statuses that blame the batch, not the device or the way: a smaller one may pass.
BLAMES_BATCH = frozenset({400, 409, 413, 422})
CONFLICT = 409
#: Reasons by which one event of a batch is refused in the same two cases.
NOT_TAKEN = frozenset({"conflict", "invalid"})
#: Single events refused in a row before the hub itself is held to be at fault.
MAX_REFUSED_IN_ROW = 5

log = structlog.get_logger(__name__)


class Pusher:
    """Empties the outbox, one batch under way at a time."""

    def __init__(
        self,
        hub: Hub,
        outbox: Outbox,
        mirror: Mirror,
        stop: threading.Event,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._outbox = outbox
        self._mirror = mirror
        self._stop = stop
        self._now_s = now_s
        self._limit = MAX_BATCH
        self._refused_in_row = 0

    def push_all(self, on_verdicts: Callable[[], None]) -> None:
        """Send until nothing is pending, or `stop` is set. Raises HubError.

        `on_verdicts` is called each time an answer has been stored in the mirror.
        """
        while not self._stop.is_set():
            batch = self._outbox.next_batch(self._now_s(), self._limit)
            if not batch:
                return
            answer = self._send(batch)
            if answer is not None:
                self._store(batch, answer)
                on_verdicts()

    def _send(self, batch: Sequence[Event]) -> BatchAnswer | None:
        """Return the answer, or None when the batch was to blame and shrank."""
        try:
            answer = self._hub.push(batch)
        except HubRefused as err:
            if err.status not in BLAMES_BATCH:
                raise
            self._blame(batch, err)
            return None
        self._refused_in_row = 0
        self._limit = min(self._limit * 2, MAX_BATCH)
        return answer

    def _blame(self, batch: Sequence[Event], err: HubRefused) -> None:
        """Halve the batch until the event at fault stands alone, then let others pass."""
        if len(batch) > 1:
            self._limit = len(batch) // 2
            return
        self._hold_back(batch[0], str(err), conflict=err.status == CONFLICT)
        self._refused_in_row += 1
        if self._refused_in_row >= MAX_REFUSED_IN_ROW:
            self._refused_in_row = 0
            raise err

    def _store(self, batch: Sequence[Event], answer: BatchAnswer) -> None:
        listed = self._outbox.concerning(batch, answer.verdicts)
        taken = [verdict for verdict in listed if not _not_taken(verdict)]
        acked = holds(batch[0].epoch, answer.acked_through)
        self._mirror.put_verdicts(taken, acked, answer.hub_time)
        self._outbox.hub_holds(acked)
        self._outbox.settle(taken, self._now_s())
        for verdict in filter(_not_taken, listed):
            reason = verdict.reason or ""
            self._hold_back(verdict, reason, conflict=reason == "conflict")
        if not listed:
            raise HubUnreachable("the answer lists none of the events sent")

    def _hold_back(self, which: Event | Verdict, why: str, *, conflict: bool) -> None:
        log.error("hub can't take event", epoch=which.epoch, seq=which.seq, why=why)
        self._outbox.hold_back(which, self._now_s(), conflict=conflict)


def _not_taken(verdict: Verdict) -> bool:
    """Not a verdict on what happened: the hub did not store the event."""
    return verdict.outcome is Outcome.REFUSED and verdict.reason in NOT_TAKEN
