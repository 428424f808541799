"""What is to become of one book, before and after the hub has had its say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kiosk.domain.policy import Grant, Params, Refusal
from kiosk.domain.session import Book
from kiosk.domain.values import Patron
from kiosk.service.local_rule import Decision
from kiosk.service.ports import Draft, Moment
from sync.protocol import Clock, DecidedBy, Event, Json, Kind, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """One book of a stack and what is to become of it; `ask` once the hub was asked."""

    book: Book
    patron: Patron
    decision: Decision
    by: DecidedBy = DecidedBy.LOCAL
    ask: Event | None = None

    @property
    def granted(self) -> bool:
        return isinstance(self.decision, Grant)

    def due_on(self, at: Moment) -> dt.date | None:
        """The day to promise; our own clock promises none while it can't be trusted."""
        if isinstance(self.decision, Refusal):
            return None
        trusted = self.by is DecidedBy.HUB or at.quality is not Clock.GUESSED
        return self.decision.due_on if trusted else None

    def judged(self, verdicts: Mapping[str, Verdict]) -> Plan:
        """Let the hub's word replace ours, if it has spoken on the loan itself."""
        verdict = verdicts.get(self.ask.event_id) if self.ask else None
        if verdict is None:
            return self
        if verdict.outcome is Outcome.REFUSED:
            refusal = Refusal(verdict.reason or "E-GENERIC", _params(verdict.params))
            return replace(self, decision=refusal, by=DecidedBy.HUB)
        if verdict.due_on is None:
            return self
        return replace(self, decision=Grant(verdict.due_on), by=DecidedBy.HUB)

    def close(self, event_id: str, session_id: str, at: Moment) -> Draft:
        """The event that makes of the ask what it came to."""
        return Draft(
            event_id,
            Kind.CONFIRMED if self.granted else Kind.WITHDRAWN,
            session_id=session_id,
            refers_to=self.ask.event_id if self.ask else None,
            decided_by=self.by,
            payload=self._close_payload(at),
        )

    def _close_payload(self, at: Moment) -> Json:
        if isinstance(self.decision, Refusal):
            return {"reason": self.decision.reason}
        return {"due_on": iso(self.due_on(at))}


def iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _params(wire: Json) -> Params:
    """What fills the wording; a date comes as text over the wire."""
    params: dict[str, str | int | dt.date] = {
        name: value for name, value in wire.items() if isinstance(value, str | int)
    }
    if isinstance(text := params.get("date"), str):
        params["date"] = _date(text)
    return params


def _date(text: str) -> dt.date | str:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text
