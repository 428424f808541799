"""What the hub was asked for one reader, and how long it has for an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kiosk.service.daybook import Daybook
from kiosk.service.plans import Plan
from sync.protocol import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked, and the verdicts that came in time, by event."""

    plans: Sequence[Plan]
    session_id: str
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class _Asked:
    plans: Sequence[Plan]
    session_id: str
    deadline: float


class Asking:
    """One question at a time; moments and `budget_s` are monotonic seconds."""

    def __init__(
        self, daybook: Daybook, *, hub_answers: Callable[[], bool], budget_s: float
    ) -> None:
        self._daybook = daybook
        self._hub_answers = hub_answers
        self._budget_s = budget_s
        self._asked: _Asked | None = None

    @property
    def deadline(self) -> float | None:
        """When the hub's time to answer is up; None while nothing is asked."""
        return self._asked.deadline if self._asked else None

    def can_begin(self) -> bool:
        """Whether to ask the hub at all. Raises LedgerError.

        What could not be closed before never happened: the hub is told so first.
        """
        self._daybook.withdraw_open_asks()
        return bool(self._budget_s) and self._hub_answers()

    def begin(self, plans: Sequence[Plan], session_id: str, now: float) -> None:
        """Wait for the verdicts on these plans, whose asks are recorded."""
        self._asked = _Asked(plans, session_id, now + self._budget_s)

    def answered(self, now: float) -> Answered | None:
        """Give what came, once, when all verdicts are there or the time is up."""
        asked = self._asked
        if asked is None:
            return None
        ids = [plan.ask.event_id for plan in asked.plans if plan.ask]
        found = self._daybook.knowledge.mirror.verdicts(ids)
        final = [v for v in found.values() if v.outcome is not Outcome.DEFERRED]
        if len(final) < len(ids) and now < asked.deadline:
            return None
        self._asked = None
        return Answered(asked.plans, asked.session_id, found)
