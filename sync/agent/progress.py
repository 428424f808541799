"""How far the hub has answered for one epoch of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """All up to `done` and those in `beyond` are answered.

    `acked` is the hub's latest word on what it holds. `retry` says when answered
    events that need another try are due (seconds of the monotonic clock). `gap` are
    answered events that the hub no longer counts among what it holds, `mended` the
    last `acked` at which there were some.
    """

    done: int = 0
    acked: int = 0
    beyond: set[int] = field(default_factory=set)
    retry: dict[int, float] = field(default_factory=dict)
    gap: tuple[int, ...] = ()
    mended: int = -1

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
        self.gap = ()
