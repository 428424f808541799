"""Has tags written on whichever pad they lie; every job comes to an end."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

from kiosk.domain.rules import SecurityMode, SecurityRule
from kiosk.messages import Order, TagsWritten, WriteOrder
from kiosk.pads import PadRoom

#: A stack on a slow line takes less; a pad that takes longer hangs.
PATIENCE_S = 15.0


class Writer(Protocol):
    """Takes orders for one pad and answers each with TagsWritten."""

    def order(self, order: Order) -> None: ...


class Job:
    """Tags to be written. `seen`: the AFI read back, None where it is not known.

    `before`: the same as the pad saw it when the job was ordered.
    """

    def __init__(self, before: Mapping[str, int | None], deadline: float) -> None:
        self.before = before
        self.seen: dict[str, int | None] = dict.fromkeys(before)
        self.waiting: set[int] = set()
        self.deadline = deadline

    @property
    def done(self) -> bool:
        return not self.waiting


class Scribe:
    """Splits a job into one order a pad and puts the answers together again."""

    def __init__(self, writers: Mapping[str, Writer], pads: PadRoom) -> None:
        self._writers = writers
        self._pads = pads
        self._tickets = itertools.count(1)
        self._jobs: list[Job] = []

    @property
    def deadline(self) -> float | None:
        """When the first job is given up (monotonic s)."""
        return min((job.deadline for job in self._jobs), default=None)

    @property
    def writing(self) -> frozenset[str]:
        """Tags that some job has in hand."""
        return frozenset(uid for job in self._jobs for uid in job.seen)

    def write(self, afis: Mapping[str, int], rule: SecurityRule, now: float) -> Job:
        """Order tags written. The job is done at once if no pad could do any of it.

        In a county without gates nothing is to be done, so it is done.
        """
        before = {uid: self._pads.afi_of(uid) for uid in afis}
        job = Job(before, now + PATIENCE_S)
        if rule.mode is SecurityMode.NONE:
            job.seen.update(afis)
            return job
        for device, here in self._by_pad(afis).items():
            ticket = next(self._tickets)
            job.waiting.add(ticket)
            self._writers[device].order(WriteOrder(ticket, here, rule))
        if not job.done:
            self._jobs.append(job)
        return job

    def written(self, answer: TagsWritten) -> Job | None:
        """Take a pad's answer; returns the job if it is done now."""
        for job in self._jobs:
            if answer.ticket in job.waiting:
                job.waiting.remove(answer.ticket)
                job.seen.update(answer.seen)
                return self._finish(job) if job.done else None
        return None

    def overdue(self, now: float) -> list[Job]:
        """Jobs whose time is up: done as far as is known."""
        late = [job for job in self._jobs if now >= job.deadline]
        for job in late:
            job.waiting.clear()
            self._finish(job)
        return late

    def _finish(self, job: Job) -> Job:
        self._jobs.remove(job)
        return job

    def _by_pad(self, afis: Mapping[str, int]) -> dict[str, dict[str, int]]:
        pads: dict[str, dict[str, int]] = defaultdict(dict)
        for uid, afi in afis.items():
            device = self._pads.place_of(uid)
            if device is not None and device in self._writers:
                pads[device][uid] = afi
        return pads
