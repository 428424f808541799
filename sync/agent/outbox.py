"""Which events the hub still has to hear of. The ledger is the outbox.

An event is pending until the mirror holds the hub's last word on it; nothing else
settles it. What is only remembered here is found again after a restart, at the
price of sending some events twice, which the hub takes for what they are: repeats.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from sync.agent.errors import HubUnreachable
from sync.agent.ports import Ledger, Mirror
from sync.protocol import (
    GENESIS_HASH,
    MAX_BATCH,
    AckedThrough,
    Event,
    Outcome,
    Verdict,
)

#: A deferred event is sent again after this time; one the hub can't read, too.
DEFERRED_RETRY_S = 300.0
UNREADABLE_RETRY_S = 3600.0


@dataclasses.dataclass(slots=True)
class _Epoch:
    """Progress in one epoch. All up to `done` and those in `beyond` are answered.

    `acked` is the hub's latest word on what it holds. `retry` says when answered
    events that need another try are due (seconds of the monotonic clock).
    """

    done: int = 0
    acked: int = 0
    beyond: set[int] = dataclasses.field(default_factory=set)
    retry: dict[int, float] = dataclasses.field(default_factory=dict)

    def answered(self, seq: int) -> bool:
        return seq <= self.done or seq in self.beyond

    def settle(self, seq: int) -> None:
        self.retry.pop(seq, None)
        if seq > self.done:
            self.beyond.add(seq)
        while self.done + 1 in self.beyond:
            self.done += 1
            self.beyond.remove(self.done)

    def forget_after(self, seq: int) -> None:
        self.done = min(self.done, seq)
        self.beyond.clear()
        self.retry.clear()


class Outbox:
    """Picks batches from the ledger and learns from answers. One thread."""

    def __init__(self, ledger: Ledger, mirror: Mirror) -> None:
        self._ledger = ledger
        self._mirror = mirror
        self._epochs: dict[str, _Epoch] = {}
        self._unreadable: set[str] = set()
        self._diverged: set[str] = set()

    @property
    def held_back(self) -> int:
        """Events that the hub said it can't read, at their last try."""
        return len(self._unreadable)

    @property
    def rolled_back(self) -> bool:
        """The hub holds something else, or more, of the current epoch than the ledger."""
        return self._ledger.head().epoch in self._diverged

    def begin(self, epoch: str, answered_through: int, acked: int) -> None:
        """Go on where an earlier run of the agent stopped."""
        self._epochs[epoch] = _Epoch(
            done=answered_through, acked=max(acked, answered_through)
        )

    def pending(self) -> int:
        """Count the events of all epochs that no answer has listed."""
        reached = {epoch: self._of(epoch).done for epoch in self._ledger.epochs()}
        beyond = sum(len(self._of(epoch).beyond) for epoch in reached)
        return max(self._ledger.count_after(reached) - beyond, 0)

    def next_batch(self, now_s: float, limit: int = MAX_BATCH) -> tuple[Event, ...]:
        """Return what to send next, all of one epoch and in order; () when idle."""
        lane = self._asks_overtaking(limit)
        if lane:
            return lane
        for epoch in self._ledger.epochs():
            batch = self._unanswered(epoch, limit)
            if batch:
                return batch
        return self._due(now_s, limit)

    def concerning(
        self, batch: Sequence[Event], verdicts: Iterable[Verdict]
    ) -> tuple[Verdict, ...]:
        """Return the verdicts that are on events of this batch."""
        sent = {(event.event_id, event.epoch, event.seq) for event in batch}
        return tuple(
            verdict
            for verdict in verdicts
            if (verdict.event_id, verdict.epoch, verdict.seq) in sent
        )

    def settle(self, verdicts: Iterable[Verdict], now_s: float) -> None:
        """Count the events of these verdicts as answered; a deferred one comes again."""
        for verdict in verdicts:
            progress = self._of(verdict.epoch)
            progress.settle(verdict.seq)
            self._unreadable.discard(verdict.event_id)
            if verdict.outcome is Outcome.DEFERRED:
                progress.retry[verdict.seq] = now_s + DEFERRED_RETRY_S

    def hold_back(
        self, which: Event | Verdict, now_s: float, *, conflict: bool
    ) -> None:
        """Let the others pass an event that the hub can't take; try it again later.

        `conflict`: the hub holds another event under its number or its id.
        """
        progress = self._of(which.epoch)
        progress.settle(which.seq)
        progress.retry[which.seq] = now_s + UNREADABLE_RETRY_S
        self._unreadable.add(which.event_id)
        if conflict:
            self._diverged.add(which.epoch)

    def hub_holds(self, acked: AckedThrough) -> None:
        """Learn what the hub holds of an epoch.

        When it holds less than it once said, it was restored from a backup: all
        that comes after is to be looked at again.
        """
        progress = self._of(acked.epoch)
        if acked.seq < progress.acked:
            progress.forget_after(acked.seq)
        progress.acked = acked.seq
        if not self._matches(acked):
            self._diverged.add(acked.epoch)

    def _matches(self, acked: AckedThrough) -> bool:
        if acked.seq == 0:
            return True
        at = self._ledger.events_after(acked.epoch, acked.seq - 1, 1)
        return bool(at) and (at[0].seq, at[0].hash) == (acked.seq, acked.hash)

    def _of(self, epoch: str) -> _Epoch:
        return self._epochs.setdefault(epoch, _Epoch())

    def _unanswered(self, epoch: str, limit: int) -> tuple[Event, ...]:
        """Return the first `limit` events of an epoch without an answer."""
        found: list[Event] = []
        after = self._of(epoch).done
        while len(found) < limit:
            page = self._ledger.events_after(epoch, after, MAX_BATCH)
            found += self._without_answer(page)
            if len(page) < MAX_BATCH:
                break
            after = page[-1].seq
        return tuple(found[:limit])

    def _without_answer(self, page: Sequence[Event]) -> list[Event]:
        """Leave out what is answered, also what an earlier run had answered."""
        waiting = [event for event in page if self._waits(event)]
        final = self._mirror.final([event.event_id for event in waiting])
        for event in waiting:
            if event.event_id in final:
                self._of(event.epoch).settle(event.seq)
        return [event for event in waiting if event.event_id not in final]

    def _asks_overtaking(self, limit: int) -> tuple[Event, ...]:
        """Return open asks that a backlog keeps waiting, with what must go before them.

        Events of one item or one patron keep their order, so those go along.
        """
        asks = [ask for ask in self._ledger.open_asks() if self._waits(ask)]
        if not asks or self._fits_one_batch(asks[-1], limit):
            return ()
        lane = {event.seq: event for ask in asks for event in self._up_to(ask)}
        return tuple(lane[seq] for seq in sorted(lane))[:limit]

    def _fits_one_batch(self, newest: Event, limit: int) -> bool:
        oldest_epoch = next(iter(self._ledger.epochs()), newest.epoch)
        waiting = newest.seq - self._of(newest.epoch).done
        return oldest_epoch == newest.epoch and waiting <= limit

    def _up_to(self, ask: Event) -> tuple[Event, ...]:
        done = self._of(ask.epoch).done
        of_item = self._ledger.events_of_item(ask.item or "", done)
        of_patron = self._ledger.events_of_patron(ask.patron_ref or "", done)
        earlier = (event for event in (*of_item, *of_patron) if event.seq < ask.seq)
        return (*filter(self._waits, earlier), ask)

    def _waits(self, event: Event) -> bool:
        return not self._of(event.epoch).answered(event.seq)

    def _due(self, now_s: float, limit: int) -> tuple[Event, ...]:
        """Return deferred and held-back events of one epoch whose time has come."""
        for epoch, progress in self._epochs.items():
            due = sorted(seq for seq, at in progress.retry.items() if at <= now_s)
            if due:
                found = [self._ledger.events_after(epoch, s - 1, 1) for s in due]
                return tuple(event for page in found for event in page)[:limit]
        return ()


def holds(epoch: str, acked: AckedThrough | None) -> AckedThrough:
    """Put into one form what the hub says it holds of an epoch. Raises HubUnreachable."""
    if acked is None:
        return AckedThrough(epoch=epoch, seq=0, hash=GENESIS_HASH)
    if acked.epoch != epoch:
        raise HubUnreachable(f"the answer is about epoch {acked.epoch[:40]!r}")
    return acked
