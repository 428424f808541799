"""The returning side of the desk: tags are armed first, then the return is recorded."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.domain.session import ReturnsRecorded, TakeBack
from kiosk.loan_desk import not_recorded, refused
from kiosk.scribe import Job, Scribe
from kiosk.service.daybook import Result
from kiosk.service.ports import LedgerError, NoSpace, Security
from kiosk.service.returning import Armed, Returning
from kiosk.service.security import Custodian, afi_of, state_of
from kiosk.storage_desk import StorageDesk


class ReturnDesk:
    """Holds returns whose tags are being armed. A tag that can't be delays none."""

    def __init__(
        self,
        returning: Returning,
        custodian: Custodian,
        scribe: Scribe,
        storage: StorageDesk,
    ) -> None:
        self._storage = storage
        self._returning = returning
        self._custodian = custodian
        self._scribe = scribe
        self._arming: dict[Job, TakeBack] = {}
        self._undoing: set[Job] = set()

    def take_back(self, effect: TakeBack, now: float) -> ReturnsRecorded | None:
        """Have the tags armed; `armed` records the return when that is done.

        What can't be recorded is refused before a tag is touched.
        """
        if no_ledger := self._storage.returns_refused():
            return ReturnsRecorded(refused(effect.books, no_ledger), None)
        rule = self._custodian.rule()
        afi = afi_of(Security.IN, rule)
        uids = [uid for book in effect.books for uid in book.uids]
        job = self._scribe.write(dict.fromkeys(uids, afi), rule, now)
        self._arming[job] = effect
        return self.armed(job, now) if job.done else None

    def armed(self, job: Job, now: float) -> ReturnsRecorded | None:
        """Record the return that waited for this job; None when no return did."""
        if job in self._undoing:
            self._undoing.remove(job)
            self._custodian.note(self._states(job.seen))
            return None
        effect = self._arming.pop(job, None)
        if effect is None:
            return None
        try:
            result = self._record(effect, self._states(job.seen))
        except LedgerError as err:
            self._undo(job, now)
            return ReturnsRecorded(not_recorded(effect.books, err), None)
        return ReturnsRecorded(result.lines, result.receipt)

    def _undo(self, job: Job, now: float) -> None:
        """Disarm again what was armed for nothing; what was armed before stays so.

        What can be noted of it is healed later as well, should the reader be gone.
        """
        self._custodian.note(self._states(job.seen))
        rule = self._custodian.rule()
        out = afi_of(Security.OUT, rule)
        lent = {uid: out for uid, afi in job.before.items() if afi == out}
        undo = self._scribe.write(lent, rule, now)
        if not undo.done:
            self._undoing.add(undo)

    def _states(self, afis: Mapping[str, int | None]) -> Armed:
        rule = self._custodian.rule()
        return {uid: state_of(afi, rule) for uid, afi in afis.items()}

    def _record(self, effect: TakeBack, seen: Armed) -> Result:
        """A disk that is full gives up its reserve: it is kept for this moment."""
        try:
            return self._returning.take_back(effect.books, seen, effect.session_id)
        except NoSpace:
            if not self._storage.give_up_reserve():
                raise
        return self._returning.take_back(effect.books, seen, effect.session_id)
