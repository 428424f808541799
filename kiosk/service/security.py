"""Which tags on the pad still carry the wrong security bit, and may be put right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kiosk.domain.rules import SecurityRule
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import Security


@dataclass(frozen=True, slots=True)
class Custodian:
    """Brings every tag it sees to the state that the item's loan calls for."""

    knowledge: Knowledge

    def wrong(self, present: Collection[str]) -> dict[str, Security]:
        """Tags on the pad to be written, with their desired state.

        A tag whose loan has moved on at another point is given up: there the
        bit was set, and writing our old wish would disarm a returned book.
        """
        due: dict[str, Security] = {}
        stale: list[str] = []
        for state in self.knowledge.ledger.unhealed_tags():
            if state.uid not in present:
                continue
            if self._called_for(state.item) is state.desired:
                due[state.uid] = state.desired
            else:
                stale.append(state.uid)
        if stale:
            self.knowledge.ledger.forget_tags(stale)
        return due

    def note(self, seen: Mapping[str, Security | None]) -> None:
        """Store what read-back found."""
        self.knowledge.ledger.note_seen(seen)

    def rule(self) -> SecurityRule:
        rules = self.knowledge.mirror.rules()
        return rules.security if rules else SecurityRule()

    def _called_for(self, item: str) -> Security:
        return Security.OUT if self.knowledge.loan_of(item) else Security.IN


def afi_of(state: Security, rule: SecurityRule) -> int:
    """The AFI value for a state."""
    return rule.afi_out if state is Security.OUT else rule.afi_in


def state_of(afi: int | None, rule: SecurityRule) -> Security | None:
    """The state that an AFI value means; None for any other value."""
    return {rule.afi_in: Security.IN, rule.afi_out: Security.OUT}.get(
        -1 if afi is None else afi
    )
