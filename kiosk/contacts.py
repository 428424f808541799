"""What contacts and the beam at the door tell: to the screen, and into the ledger."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from drivers.api import PeoplePassed, Sense, SenseChanged
from kiosk.service.daybook import Daybook
from kiosk.service.ports import LedgerError
from kiosk.view import Message
from sync.protocol import Json, Kind

#: People are recorded together this often; a power cut costs no more than that.
COUNT_S = 600.0

_BANNERS: Mapping[Sense, str] = {Sense.BOX_FULL: "E-BOX-FULL"}
#: Paper is the printer's own business; the rest concerns whoever looks after the point.
_RECORDED = {Sense.BOX_FULL, Sense.DOOR_OPEN, Sense.TAMPER}

log = structlog.get_logger(__name__)


class Contacts:
    """Remembers every contact's state and counts people."""

    def __init__(self, daybook: Daybook) -> None:
        self._daybook = daybook
        self._active: dict[tuple[str, Sense], bool] = {}
        self._people = 0
        self._record_at: float | None = None

    @property
    def banners(self) -> tuple[Message, ...]:
        """What the screen must say."""
        active = {sense for (_, sense), on in self._active.items() if on}
        return tuple(Message(_BANNERS[sense]) for sense in _BANNERS if sense in active)

    @property
    def deadline(self) -> float | None:
        """When the people counted so far are to be recorded (monotonic s)."""
        return self._record_at

    def changed(self, device: str, event: SenseChanged) -> None:
        """A contact told its state; a first state that is at rest is no event."""
        before = self._active.get((device, event.sense), False)
        self._active[device, event.sense] = event.active
        if event.sense in _RECORDED and event.active is not before:
            self._record(
                Kind.CONTACT_CHANGED,
                {"contact": event.sense.value, "active": event.active},
            )

    def passed(self, event: PeoplePassed, now: float) -> None:
        """Somebody came in."""
        self._people += event.count
        if self._record_at is None:
            self._record_at = now + COUNT_S

    def time_passed(self, now: float) -> None:
        """Record the people counted, when it is time."""
        if self._record_at is not None and now >= self._record_at:
            self.close()

    def close(self) -> None:
        """Record what was counted; what can't be recorded is counted on."""
        if self._people and self._record(Kind.PEOPLE_COUNTED, {"count": self._people}):
            self._people = 0
        self._record_at = None

    def _record(self, kind: Kind, payload: Json) -> bool:
        try:
            self._daybook.note(kind, payload)
        except LedgerError as err:
            log.error("not recorded", kind=kind, reason=str(err))
            return False
        return True
