"""From ledger to hub: batches out, verdicts into the mirror."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from sync.agent.errors import HubRefused, HubUnreachable
from sync.agent.outbox import Outbox, holds
from sync.agent.ports import Hub, Mirror
from sync.protocol import (
    CONFLICT,
    MAX_BATCH,
    BatchAnswer,
    Event,
    Verdict,
    not_stored,
)

#: Statuses that blame the batch, not the device or the way: a smaller one may pass.
BLAMES_BATCH = frozenset({400, 409, 413, 422})
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
        self._push(
            lambda: self._outbox.next_batch(self._now_s(), self._limit), on_verdicts
        )

    def push_asks(self, on_verdicts: Callable[[], None]) -> None:
        """Send open asks, with what must go before them, and nothing else."""
        self._push(lambda: self._outbox.next_asks(self._limit), on_verdicts)

    def _push(
        self, pick: Callable[[], Sequence[Event]], on_verdicts: Callable[[], None]
    ) -> None:
        while not self._stop.is_set():
            batch = pick()
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
            if err.error == CONFLICT:
                self._diverge(batch[0].epoch, str(err))
            else:
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
        self._hold_back(batch[0], str(err))
        self._refused_in_row += 1
        if self._refused_in_row >= MAX_REFUSED_IN_ROW:
            self._refused_in_row = 0
            raise err

    def _store(self, batch: Sequence[Event], answer: BatchAnswer) -> None:
        listed = self._outbox.concerning(batch, answer.verdicts)
        stored = [verdict for verdict in listed if not not_stored(verdict)]
        acked = holds(batch[0].epoch, answer.acked_through)
        self._mirror.put_verdicts(stored, acked, answer.hub_time)
        self._outbox.hub_holds(acked)
        self._outbox.settle(stored, self._now_s())
        for verdict in filter(not_stored, listed):
            if verdict.reason == CONFLICT:
                self._diverge(verdict.epoch, f"event {verdict.seq}")
            else:
                self._hold_back(verdict, verdict.reason or "")
        if not listed:
            raise HubUnreachable("the answer lists none of the events sent")

    def _diverge(self, epoch: str, why: str) -> None:
        log.error("epoch diverged", epoch=epoch, why=why)
        self._outbox.diverge(epoch)

    def _hold_back(self, which: Event | Verdict, why: str) -> None:
        log.error("hub can't take event", epoch=which.epoch, seq=which.seq, why=why)
        self._outbox.hold_back(which, self._now_s())
