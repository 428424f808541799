"""Brings tags on the pads to their desired state, whenever and wherever they show up."""

from __future__ import annotations

from kiosk.domain.session import Line, TagsSecured
from kiosk.messages import TagsWritten
from kiosk.pads import PadRoom
from kiosk.service.security import Custodian, afi_of, state_of

#: A tag that could not be written is tried again while it lies there.
RETRY_S = 1.0


class Healer:
    """One order under way at a time; what failed is tried again a little later."""

    def __init__(self, custodian: Custodian, pads: PadRoom) -> None:
        self._custodian = custodian
        self._pads = pads
        self._tickets: set[int] = set()
        self._looked_at: frozenset[str] | None = None
        self._again_at = 0.0

    @property
    def deadline(self) -> float | None:
        """When to try again (monotonic s), if anything failed."""
        waiting = self._looked_at is None and not self._tickets
        return self._again_at if waiting and self._again_at else None

    def look_again(self) -> None:
        """The ledger changed: something on the pad may be wrong now."""
        self._looked_at = None
        self._again_at = 0.0

    def heal(self, now: float) -> None:
        """Order what is wrong on the pads written; cheap when nothing has changed."""
        present = self._pads.present
        if self._tickets or present == self._looked_at or now < self._again_at:
            return
        self._looked_at = present
        rule = self._custodian.rule()
        wrong = self._custodian.wrong(present)
        afis = {uid: afi_of(state, rule) for uid, state in wrong.items()}
        self._tickets.update(self._pads.write(afis))

    def written(self, answer: TagsWritten, now: float) -> TagsSecured | None:
        """Store what read-back found; None when the order was not ours."""
        if answer.ticket not in self._tickets:
            return None
        self._tickets.remove(answer.ticket)
        rule = self._custodian.rule()
        seen = {uid: state_of(afi, rule) for uid, afi in answer.seen.items()}
        self._custodian.note(seen)
        failed = frozenset(self._custodian.wrong(seen.keys()))
        if failed:
            self._looked_at, self._again_at = None, now + RETRY_S
        return TagsSecured(frozenset(seen) - failed, failed)

    def absent(self, lines: tuple[Line, ...]) -> TagsSecured:
        """Judge the tags of lines at once that no order will answer for."""
        uids = frozenset(uid for line in lines for uid in line.book.uids)
        wrong = frozenset(self._custodian.wrong(uids))
        gone = wrong - self._pads.present
        return TagsSecured(written=uids - wrong, failed=gone)
