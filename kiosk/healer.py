"""Brings tags on the pads to their desired state, whenever and wherever they show up."""

from __future__ import annotations

from drivers.api import Tag
from kiosk.domain.rules import SecurityMode
from kiosk.domain.session import Line, TagsSecured
from kiosk.pads import PadRoom
from kiosk.scribe import Job, Scribe
from kiosk.service.security import Custodian, afi_of, state_of

#: A tag that could not be written is tried again while it lies there.
RETRY_S = 1.0


class Healer:
    """One job under way at a time; what failed is tried again a little later."""

    def __init__(self, custodian: Custodian, pads: PadRoom, scribe: Scribe) -> None:
        self._custodian = custodian
        self._pads = pads
        self._scribe = scribe
        self._job: Job | None = None
        self._looked_at: tuple[Tag, ...] | None = None
        self._again_at = 0.0

    @property
    def deadline(self) -> float | None:
        """When to try again (monotonic s), if anything failed."""
        waiting = self._looked_at is None and self._job is None
        return self._again_at if waiting and self._again_at else None

    def look_again(self) -> None:
        """The ledger changed: something on the pad may be wrong now."""
        self._looked_at = None
        self._again_at = 0.0

    def heal(self, now: float) -> TagsSecured | None:
        """Have what is wrong on the pads written; cheap when nothing has changed.

        Returns an answer when there is one at once: no pad could write any of it.
        """
        tags = self._pads.tags
        if self._job or tags == self._looked_at or now < self._again_at:
            return None
        self._looked_at = tags
        rule = self._custodian.rule()
        self._custodian.find(self._pads.read)
        # A tag that is being armed for a return still has its old wish in the ledger.
        wrong = self._custodian.wrong(self._pads.present - self._scribe.writing)
        if not wrong:
            return None
        afis = {uid: afi_of(state, rule) for uid, state in wrong.items()}
        self._job = self._scribe.write(afis, rule, now)
        return self.written(self._job, now) if self._job.done else None

    def written(self, job: Job, now: float) -> TagsSecured | None:
        """Store what read-back found; None when the job was not ours."""
        if job is not self._job:
            return None
        self._job = None
        rule = self._custodian.rule()
        self._custodian.note({u: state_of(afi, rule) for u, afi in job.seen.items()})
        failed = frozenset(self._custodian.wrong(job.seen.keys()))
        if failed:
            self._looked_at, self._again_at = None, now + RETRY_S
        return TagsSecured(frozenset(job.seen) - failed, failed)

    def absent(self, lines: tuple[Line, ...]) -> TagsSecured:
        """Judge the tags of lines at once that no job will answer for."""
        uids = frozenset(uid for line in lines for uid in line.book.uids)
        gates = self._custodian.rule().mode is not SecurityMode.NONE
        wrong = frozenset(self._custodian.wrong(uids) if gates else ())
        return TagsSecured(written=uids - wrong, failed=wrong - self._pads.present)
