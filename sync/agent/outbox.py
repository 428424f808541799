"""Which events the hub still has to hear of. The ledger is the outbox.

An event is pending until the mirror holds the hub's last word on it; nothing else
settles it. What is only remembered here is found again after a restart, at the
price of sending some events twice, which the hub takes for what they are: repeats.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import structlog

from sync.agent.errors import HubUnreachable
from sync.agent.ports import Ledger, Mirror
from sync.agent.progress import Progress
from sync.protocol import (
    GENESIS_HASH,
    MAX_BATCH,
    AckedThrough,
    Event,
    Outcome,
    Verdict,
    is_ask,
)

log = structlog.get_logger(__name__)

#: A deferred event is sent again after this time; one the hub can't read, too.
DEFERRED_RETRY_S = 300.0
UNREADABLE_RETRY_S = 3600.0


#: An event by its epoch and seq.
Place = tuple[str, int]


class Outbox:
    """Picks batches from the ledger and learns from answers. One thread."""

    def __init__(self, ledger: Ledger, mirror: Mirror) -> None:
        self._ledger = ledger
        self._mirror = mirror
        self._epochs: dict[str, Progress] = {}
        self._unreadable: set[str] = set()
        self._diverged: set[str] = set()

    @property
    def held_back(self) -> int:
        """Events that the hub said it can't read, at their last try."""
        return len(self._unreadable)

    def diverged(self) -> tuple[str, ...]:
        """Epochs of which the hub holds something else than the ledger, or more.

        Nothing of them is sent any more; the kiosk is to record anew what waits in
        them. One of which nothing waits, and which grows no more, is done with.
        """
        head = self._ledger.head().epoch
        every = dict.fromkeys((*self._ledger.epochs(), head))
        return tuple(
            epoch
            for epoch in every
            if epoch in self._diverged
            and (epoch == head or self._unanswered(epoch, limit=1))
        )

    def diverge(self, epoch: str) -> None:
        """The hub holds other events under numbers of this epoch.

        Those that it refused for it stay unanswered: they wait to be recorded anew.
        """
        self._diverged.add(epoch)

    def begin_anew(self) -> None:
        """Forget what was answered: the mirror knows better."""
        self._epochs.clear()

    def begin(self, epoch: str, answered_through: int, acked: int) -> None:
        """Go on where an earlier run of the agent stopped."""
        self._epochs[epoch] = Progress(
            done=answered_through, acked=max(acked, answered_through)
        )

    def pending(self) -> int:
        """Count the events of all epochs that no answer has listed."""
        reached = {epoch: self._of(epoch).done for epoch in self._ledger.epochs()}
        beyond = sum(len(self._of(epoch).beyond) for epoch in reached)
        return max(self._ledger.count_after(reached) - beyond, 0)

    def next_batch(self, now_s: float, limit: int = MAX_BATCH) -> tuple[Event, ...]:
        """Return what to send next, all of one epoch and in order; () when idle."""
        epochs = [e for e in self._ledger.epochs() if e not in self._diverged]
        lane = self._asks_overtaking(limit)
        if lane and lane[0].epoch in epochs:
            return lane
        for epoch in epochs:
            batch = self._unanswered(epoch, limit)
            if batch:
                return batch
        for epoch in epochs:
            batch = self._due(epoch, now_s, limit) or self._missing(epoch, limit)
            if batch:
                return batch
        return ()

    def next_asks(self, limit: int = MAX_BATCH) -> tuple[Event, ...]:
        """Return open asks and what must go before them, in order; () without one.

        Events of one item or one patron keep their order, so those go along.
        """
        lane = {
            event.seq: event for ask in self._open_asks() for event in self._up_to(ask)
        }
        return tuple(lane[seq] for seq in sorted(lane))[:limit]

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

    def hold_back(self, which: Event | Verdict, now_s: float) -> None:
        """Let the others pass an event that the hub can't take; try it again later."""
        progress = self._of(which.epoch)
        progress.settle(which.seq)
        progress.retry[which.seq] = now_s + UNREADABLE_RETRY_S
        self._unreadable.add(which.event_id)

    def try_now(self, which: Collection[Place] | None) -> tuple[Place, ...]:
        """Make held-back and deferred events due, all or these; return those it did."""
        due = [
            (epoch, seq)
            for epoch, progress in self._epochs.items()
            for seq in progress.retry
            if which is None or (epoch, seq) in which
        ]
        for epoch, seq in due:
            self._of(epoch).retry[seq] = float("-inf")
        return tuple(due)

    def waits_for_retry(self, which: Iterable[Place]) -> tuple[Place, ...]:
        """Those of these events that are still held back or deferred."""
        return tuple(
            (epoch, seq) for epoch, seq in which if seq in self._of(epoch).retry
        )

    def hub_holds(self, acked: AckedThrough) -> None:
        """Learn what the hub holds of an epoch.

        When it holds less than it once said, it was restored from a backup: all
        that comes after is to be looked at again.
        """
        progress = self._of(acked.epoch)
        removed = self._ledger.removed().get(acked.epoch, 0)
        if acked.seq < min(removed, progress.acked):
            log.error(
                "hub lacks events that were removed here",
                epoch=acked.epoch,
                first=acked.seq + 1,
                last=removed,
            )
        if acked.seq < progress.acked:
            progress.forget_after(max(acked.seq, removed))
        progress.acked = acked.seq
        if not self._matches(acked):
            self.diverge(acked.epoch)
        else:
            self._look_for_gap(acked.epoch, progress)

    def _matches(self, acked: AckedThrough) -> bool:
        """Tell whether what the hub holds is ours; what was cleared away may be."""
        head = self._ledger.head()
        if acked.epoch == head.epoch and acked.seq > head.seq:
            return False
        at = self._ledger.events_after(acked.epoch, max(acked.seq - 1, 0), 1)
        return not at or at[0].seq != acked.seq or at[0].hash == acked.hash

    def _look_for_gap(self, epoch: str, progress: Progress) -> None:
        """The hub stands still below what it has answered: it asks for it again.

        Once for each place at which it stands; what it can't take is not meant, nor
        what was recorded anew.
        """
        if progress.done <= progress.acked or progress.mended == progress.acked:
            return
        page = self._ledger.events_after(epoch, progress.acked, MAX_BATCH)
        seqs = [event.seq for event in page if event.seq <= progress.done]
        left = self._ledger.renewed(epoch, seqs) | progress.retry.keys()
        progress.gap = tuple(seq for seq in seqs if seq not in left)
        progress.mended = progress.acked

    def _of(self, epoch: str) -> Progress:
        if epoch not in self._epochs:
            removed = self._ledger.removed().get(epoch, 0)
            self._epochs[epoch] = Progress(done=removed, acked=removed)
        return self._epochs[epoch]

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
        """Leave out what is answered, also what an earlier run had answered.

        What was recorded anew is answered for by what it became.
        """
        waiting = [event for event in page if self._waits(event)]
        if not waiting:
            return []
        final = self._mirror.final([event.event_id for event in waiting])
        epoch, seqs = waiting[0].epoch, [event.seq for event in waiting]
        renewed = self._ledger.renewed(epoch, seqs)
        for event in waiting:
            if event.event_id in final or event.seq in renewed:
                self._of(event.epoch).settle(event.seq)
        return [event for event in waiting if self._waits(event)]

    def _asks_overtaking(self, limit: int) -> tuple[Event, ...]:
        """Return what goes before a backlog that would keep an open ask waiting."""
        asks = self._open_asks()
        if not asks or self._fits_one_batch(asks[-1], limit):
            return ()
        return self.next_asks(limit)

    def _open_asks(self) -> list[Event]:
        return [ask for ask in self._ledger.open_asks() if self._waits(ask)]

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

    def _due(self, epoch: str, now_s: float, limit: int) -> tuple[Event, ...]:
        """Return deferred and held-back events whose time has come."""
        retry = self._of(epoch).retry
        return self._events(epoch, [s for s, at in retry.items() if at <= now_s], limit)

    def _missing(self, epoch: str, limit: int) -> tuple[Event, ...]:
        """Return what the hub has answered and does not hold; each is sent once more."""
        progress = self._of(epoch)
        batch = self._events(epoch, progress.gap, limit)
        progress.gap = (
            tuple(seq for seq in progress.gap if seq > batch[-1].seq) if batch else ()
        )
        return batch

    def _events(self, epoch: str, seqs: Iterable[int], limit: int) -> tuple[Event, ...]:
        pages = [self._ledger.events_after(epoch, s - 1, 1) for s in sorted(seqs)]
        return tuple(event for page in pages for event in page)[:limit]


def has_open_ask(events: Iterable[Event]) -> bool:
    """Whether a batch asks something that it does not close itself."""
    batch = tuple(events)
    closed = {event.refers_to for event in batch}
    return any(is_ask(event) and event.event_id not in closed for event in batch)


def holds(epoch: str, acked: AckedThrough | None) -> AckedThrough:
    """Put into one form what the hub says it holds of an epoch. Raises HubUnreachable."""
    if acked is None:
        return AckedThrough(epoch=epoch, seq=0, hash=GENESIS_HASH)
    if acked.epoch != epoch:
        raise HubUnreachable(f"the answer is about epoch {acked.epoch[:40]!r}")
    return acked
