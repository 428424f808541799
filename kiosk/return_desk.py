"""The returning side of the desk: tags are armed first, then the return is recorded."""

from __future__ import annotations

from kiosk.domain.session import ReturnsRecorded, TakeBack
from kiosk.loan_desk import not_recorded
from kiosk.scribe import Job, Scribe
from kiosk.service.ports import LedgerError, Security
from kiosk.service.returning import Returning
from kiosk.service.security import Custodian, afi_of, state_of


class ReturnDesk:
    """Holds returns whose tags are being armed. A tag that can't be delays none."""

    def __init__(
        self, returning: Returning, custodian: Custodian, scribe: Scribe
    ) -> None:
        self._returning = returning
        self._custodian = custodian
        self._scribe = scribe
        self._arming: dict[Job, TakeBack] = {}

    def take_back(self, effect: TakeBack, now: float) -> ReturnsRecorded | None:
        """Have the tags armed; `armed` records the return when that is done."""
        rule = self._custodian.rule()
        afi = afi_of(Security.IN, rule)
        uids = [uid for book in effect.books for uid in book.uids]
        job = self._scribe.write(dict.fromkeys(uids, afi), rule, now)
        self._arming[job] = effect
        return self.armed(job) if job.done else None

    def armed(self, job: Job) -> ReturnsRecorded | None:
        """Record the return that waited for this job; None when the job is not ours."""
        effect = self._arming.pop(job, None)
        if effect is None:
            return None
        rule = self._custodian.rule()
        seen = {uid: state_of(afi, rule) for uid, afi in job.seen.items()}
        try:
            result = self._returning.take_back(effect.books, seen, effect.session_id)
        except LedgerError as err:
            return ReturnsRecorded(not_recorded(effect.books, err), None)
        return ReturnsRecorded(result.lines, result.receipt)
