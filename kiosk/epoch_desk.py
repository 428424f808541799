"""What becomes of an epoch once the agent finds the card rolled back or cloned."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from kiosk.link import boot_id, load_link
from kiosk.service.ports import Ledger, LedgerError, Mirror

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EpochDesk:
    """Leaves diverged epochs for a new one; the dispatcher calls it between use cases.

    An ask that waits for its verdict goes along under its own id, so the screen that
    waits gets the verdict all the same. `ring` wakes the agent.
    """

    ledger: Ledger
    mirror: Mirror
    diverged: Callable[[], Sequence[str]]
    ring: Callable[[], None]

    def look(self) -> None:
        """Leave what has diverged. On a medium that refuses, the next look tries again."""
        for epoch in self.diverged():
            try:
                count = self.ledger.renew(epoch, self.mirror.final)
            except LedgerError as err:
                log.error("epoch not left", epoch=epoch, reason=str(err))
                return
            if count is not None:
                log.warning("epoch left", epoch=epoch, recorded_anew=count)
                self.ring()


def diverged_in(folder: Path) -> Sequence[str]:
    """The epochs that the agent has found to be diverged, if it is at work."""
    link = load_link(folder)
    return link.diverged if link.fresh(boot_id(), time.monotonic()) else ()
