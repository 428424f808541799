"""What the agent needs of the two databases: it reads one and writes the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from kiosk.service.ports import Head, MirrorStatus
from sync.protocol import (
    AckedThrough,
    BatchAnswer,
    Event,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Verdict,
)


class Ledger(Protocol):
    """Everything this kiosk did, read-only; the kiosk may append at any time."""

    def head(self) -> Head: ...

    def epochs(self) -> Sequence[str]:
        """Epochs with events, oldest first."""

    def events_after(self, epoch: str, seq: int, limit: int) -> Sequence[Event]:
        """Return up to `limit` events of the epoch beyond `seq`, in order."""

    def removed(self) -> Mapping[str, int]:
        """Up to which seq the events of an epoch were removed, where any were."""

    def renewed(self, epoch: str, seqs: Collection[int]) -> frozenset[int]:
        """Those of these events that were recorded anew in a later epoch."""

    def open_asks(self) -> Sequence[Event]:
        """Asks of the newest epoch without a close, oldest first."""

    def events_of_item(self, item: str, after_seq: int) -> Sequence[Event]:
        """Events of the newest epoch later than `after_seq`, in order."""

    def events_of_patron(self, patron_ref: str, after_seq: int) -> Sequence[Event]:
        """Events of the newest epoch later than `after_seq`, in order."""

    def count_after(self, reached: Mapping[str, int]) -> int:
        """Events of all epochs beyond the seq each has reached; 0 where none is named."""


class Mirror(Protocol):
    """Everything the hub said. The agent is the only writer; each call is durable."""

    def cursor(self) -> int: ...

    def apply_page(self, page: FeedPage) -> int:
        """Apply all of it; tell how many verdicts no longer count with what it said."""

    def put_verdicts(
        self,
        verdicts: Sequence[Verdict],
        acked_through: AckedThrough | None,
        hub_time: dt.datetime,
    ) -> None: ...

    def recheck(self, acked: Sequence[AckedThrough]) -> None:
        """Forget verdicts beyond what a restored hub holds of epochs met before."""

    def skip_removed(self, removed: Mapping[str, int]) -> None:
        """Count events up to these seqs as settled; the ledger no longer has them."""

    def mark_synced(self, hub_time: dt.datetime) -> None: ...

    def acked(self) -> AckedThrough | None:
        """What the hub last said it holds of the newest epoch it has met."""

    def status(self) -> MirrorStatus: ...

    def final(self, event_ids: Sequence[str]) -> Collection[str]:
        """Those of these events on which the hub has given its last word."""

    def empty(self) -> None:
        """Forget the feed and start from cursor 0; verdicts stay."""


class Hub(Protocol):
    """The three calls of daily life; each raises HubError of some kind, or returns."""

    def push(self, events: Sequence[Event]) -> BatchAnswer: ...

    def feed(self, cursor: int, run: str) -> FeedPage: ...

    def heartbeat(self, request: Heartbeat) -> HeartbeatAnswer: ...
