"""What contacts and the beam at the door tell: to the screen, and into the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from drivers.api import PeoplePassed, Sense, SenseChanged
from kiosk.service.daybook import Daybook
from kiosk.service.ports import LedgerError
from kiosk.view import Message
from sync.protocol import Json, Kind

#: People are recorded together this often, and a contact no more often than this: a
#: loose plug fills no ledger, and a power cut costs no more than that.
COUNT_S = 600.0

_BANNERS: Mapping[Sense, str] = {Sense.BOX_FULL: "E-BOX-FULL"}
#: Paper is the printer's own business; the rest concerns whoever looks after the point.
_RECORDED = {Sense.BOX_FULL, Sense.DOOR_OPEN, Sense.TAMPER}

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Contact:
    """A contact as it is, how often it changed untold, and when it may tell (s)."""

    active: bool = False
    changes: int = 0
    record_at: float = float("-inf")


class Contacts:
    """Remembers every contact's state and counts people."""

    def __init__(self, daybook: Daybook) -> None:
        self._daybook = daybook
        self._contacts: dict[tuple[str, Sense], _Contact] = {}
        self._people = 0
        self._record_at: float | None = None

    @property
    def banners(self) -> tuple[Message, ...]:
        """What the screen must say."""
        active = {sense for (_, sense), one in self._contacts.items() if one.active}
        return tuple(Message(_BANNERS[sense]) for sense in _BANNERS if sense in active)

    @property
    def deadline(self) -> float | None:
        """When what was counted so far is to be recorded (monotonic s)."""
        due = [one.record_at for one in self._contacts.values() if one.changes]
        return min(
            due if self._record_at is None else [*due, self._record_at], default=None
        )

    def changed(self, device: str, event: SenseChanged, now: float) -> None:
        """A contact told its state; a first state that is at rest is no event.

        The first change is recorded at once, those that follow soon together.
        """
        contact = self._contacts.setdefault((device, event.sense), _Contact())
        if event.active is contact.active:
            return
        contact.active = event.active
        if event.sense in _RECORDED:
            contact.changes += 1
            self._record_contacts(now)

    def passed(self, event: PeoplePassed, now: float) -> None:
        """Somebody came in."""
        self._people += event.count
        if self._record_at is None:
            self._record_at = now + COUNT_S

    def time_passed(self, now: float) -> None:
        """Record what was counted, when it is time."""
        if self._record_at is not None and now >= self._record_at:
            self._record_people()
        self._record_contacts(now)

    def close(self) -> None:
        """Record what was counted; what can't be recorded is counted on."""
        self._record_people()
        self._record_contacts(float("inf"))

    def _record_people(self) -> None:
        if self._people and self._record(Kind.PEOPLE_COUNTED, {"count": self._people}):
            self._people = 0
        self._record_at = None

    def _record_contacts(self, now: float) -> None:
        for (_, sense), contact in self._contacts.items():
            if contact.changes and now >= contact.record_at:
                contact.record_at = now + COUNT_S
                if self._record(Kind.CONTACT_CHANGED, _told(sense, contact)):
                    contact.changes = 0

    def _record(self, kind: Kind, payload: Json) -> bool:
        try:
            self._daybook.note(kind, payload)
        except LedgerError as err:
            log.error("not recorded", kind=kind, reason=str(err))
            return False
        return True


def _told(sense: Sense, contact: _Contact) -> Json:
    """One change is told as it is; several by the last one and their number."""
    payload: Json = {"contact": sense.value, "active": contact.active}
    return payload | {"changes": contact.changes} if contact.changes > 1 else payload
