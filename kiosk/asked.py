"""A stack of books about which the hub was asked, and how long it has for an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.service.plans import Plan
from kiosk.service.ports import Mirror
from sync.protocol import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """`deadline` is monotonic seconds."""

    plans: tuple[Plan, ...]
    session_id: str
    deadline: float

    def answered(self, mirror: Mirror, now: float) -> Mapping[str, Verdict] | None:
        """What came, once all verdicts are there or the time is up; None before."""
        ids = [plan.ask.event_id for plan in self.plans if plan.ask]
        found = mirror.verdicts(ids)
        final = [v for v in found.values() if v.outcome is not Outcome.DEFERRED]
        return None if len(final) < len(ids) and now < self.deadline else found
