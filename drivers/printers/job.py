"""One slip on its way through a printer: a state machine without a clock or a port.

ASK_BEFORE ── roll and cover well ──▶ SEND ── all taken ──▶ ASK_AFTER ──▶ OVER
     └─── no paper, open, no answer ───────── blocked ───────────┴─────▶ OVER
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from drivers.api import PrintOutcome
from drivers.codecs.escpos_status import parse_offline, parse_roll


class Stage(enum.Enum):
    """What the job waits for."""

    ASK_BEFORE = enum.auto()
    SEND = enum.auto()
    ASK_AFTER = enum.auto()
    OVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Job:
    """`outcome` is set in stage OVER.

    `answers_status` False: the printer never tells its status and is believed.
    """

    answers_status: bool
    stage: Stage
    outcome: PrintOutcome | None = None


def begin(*, answers_status: bool) -> Job:
    """A job that begins with the question for the status, if the printer answers any."""
    return Job(answers_status, Stage.ASK_BEFORE if answers_status else Stage.SEND)


def answered(job: Job, offline: int, roll: int) -> Job:
    """The printer told its status: the answers to ASK_OFFLINE and ASK_ROLL."""
    trouble = _trouble(offline, roll)
    if trouble is not None:
        return _over(job, trouble)
    if job.stage is Stage.ASK_BEFORE:
        return replace(job, stage=Stage.SEND)
    return _over(job, PrintOutcome.PRINTED)


def taken(job: Job) -> Job:
    """The port has taken all bytes of the slip."""
    if job.answers_status:
        return replace(job, stage=Stage.ASK_AFTER)
    return _over(job, PrintOutcome.PRINTED)


def blocked(job: Job) -> Job:
    """No answer came in time, or the port takes no more bytes."""
    return _over(job, PrintOutcome.BLOCKED)


def _trouble(offline: int, roll: int) -> PrintOutcome | None:
    why = parse_offline(offline)
    if why.no_paper or parse_roll(roll).out:
        return PrintOutcome.NO_PAPER
    if why.cover_open:
        return PrintOutcome.COVER_OPEN
    return PrintOutcome.BLOCKED if why.error else None


def _over(job: Job, outcome: PrintOutcome) -> Job:
    return replace(job, stage=Stage.OVER, outcome=outcome)
