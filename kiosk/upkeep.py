"""What the kiosk does for its own ledger while nobody stands before it."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from kiosk.service.ports import LedgerError, Moment
from kiosk.service.retention import Retention

#: After a batch the next one follows soon; when nothing is due, an hour is early enough.
NEXT_BATCH_S = 1.0
NEXT_LOOK_S = 3600.0
#: Somebody is there: look again later. Also how long after the start it begins.
NOT_NOW_S = 60.0

log = structlog.get_logger(__name__)


class Upkeep:
    """One small transaction at a time; owned by the dispatcher's thread."""

    def __init__(self, retention: Retention, now: Callable[[], Moment]) -> None:
        self._retention = retention
        self._now = now
        self._due: float | None = None

    @property
    def deadline(self) -> float | None:
        """When there may be something to do (monotonic s)."""
        return self._due

    def time_passed(self, now: float, *, idle: bool) -> None:
        """Do the next small part when it is due and nobody waits for the screen."""
        if self._due is not None and now < self._due:
            return
        if self._due is None or not idle:
            self._due = now + NOT_NOW_S
            return
        self._due = now + (NEXT_BATCH_S if self._remove() else NEXT_LOOK_S)

    def _remove(self) -> int:
        try:
            return self._retention.remove_some(self._now())
        except LedgerError as err:
            log.warning("old events not removed", reason=str(err))
            return 0
