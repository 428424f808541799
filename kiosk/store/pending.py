"""Which events the hub has not judged yet, as far as this kiosk knows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kiosk.service.ports import MirrorStatus
from kiosk.store.ledger_reader import LedgerReader
from sync.protocol import AckedThrough, Event

#: Events read at once.
_PAGE = 500


class Verdicts(Protocol):
    """What is asked of the mirror, whether it is read or written here."""

    def status(self) -> MirrorStatus: ...

    def acked(self) -> AckedThrough | None: ...

    def final(self, event_ids: Sequence[str]) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class Pending:
    """Events without the hub's last word, oldest first; read-only."""

    ledger: LedgerReader
    mirror: Verdicts

    def __iter__(self) -> Iterator[Event]:
        """Raises LedgerError on the way."""
        shown = self.mirror.status()
        for epoch in self.ledger.epochs():
            after = shown.settled_seq if epoch == shown.epoch else 0
            while page := self.ledger.events_after(epoch, after, _PAGE):
                yield from self._waiting(epoch, page)
                after = page[-1].seq

    def _waiting(self, epoch: str, page: Sequence[Event]) -> list[Event]:
        """Without what is judged, and what was recorded anew and waits as that."""
        final = self.mirror.final([event.event_id for event in page])
        renewed = self.ledger.renewed(epoch, [event.seq for event in page])
        return [
            event
            for event in page
            if event.event_id not in final and event.seq not in renewed
        ]

    def count(self) -> int:
        return sum(1 for _ in self)
