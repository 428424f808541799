"""Tells the library system one thing after another; a death at any line loses none.

One worker per account. Failures of the database end it: what was being sent is then
in doubt, and whoever starts next looks what became of it.
"""

from __future__ import annotations

import datetime as dt
import enum
import threading
from collections.abc import Callable
from typing import assert_never

import structlog

from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.library import tasks
from sync.hub.library.asking import look, perform
from sync.hub.library.orders import Job, Skip, Untellable, next_job
from sync.hub.library.port import (
    Away,
    Done,
    LibrarySystem,
    Outcome,
    Refused,
    TakingBack,
    Unknown,
)
from sync.hub.library.staff import put_before_staff, settle
from sync.hub.library.telling import (
    Hopeless,
    Order,
    Seen,
    Send,
    Settled,
    next_step,
)
from sync.hub.store.database import Database

#: How often something is sent that gets no answer and was not done either.
ATTEMPTS = 5
#: Between two looks at an empty queue.
POLL_S = 1.0
#: First wait after a failure; it doubles at each one in a row up to the longest.
WAIT_S, LONGEST_WAIT_S = 5.0, 300.0
#: Why staff must see to it: it got no answer ever so often.
NO_ANSWER = "no_answer"

log = structlog.get_logger(__name__)


class Turn(enum.Enum):
    """What came of one turn. AWAY: nobody is there, so the next one had better wait."""

    IDLE = enum.auto()
    TOLD = enum.auto()
    AWAY = enum.auto()


class Worker:
    """Serves the queue of one account; used by one thread."""

    def __init__(
        self, database: Database, system: LibrarySystem, now: Callable[[], dt.datetime]
    ) -> None:
        self._database = database
        self._system = system
        self._now = now
        self._failures = 0

    def run(self, stop: threading.Event, alone: Callable[[], None]) -> None:
        """Serve until `stop` is set. `alone` raises if another worker may have begun."""
        self.recover()
        while not stop.is_set():
            alone()
            turn = self.turn()
            if turn is not Turn.TOLD:
                stop.wait(POLL_S if turn is Turn.IDLE else _wait_s(self._failures))

    def recover(self) -> None:
        """Whatever a dead worker was sending is in doubt now."""
        with self._database.writing() as conn:
            count = tasks.doubt_what_was_sent(conn)
        if count:
            log.warning("library tasks in doubt", count=count)

    def turn(self) -> Turn:
        """See to the one thing whose turn it is."""
        with self._database.reading() as conn:
            item = tasks.next_item(conn, self._now())
            job = None if item is None else next_job(UnitOfWork(conn), item)
        if job is None:
            return Turn.IDLE
        match job.order:
            case Skip(note):
                self._finish(job, None, note)
            case Untellable(reason):
                self._give_up(job, reason)
            case order:
                return self._count(self._tell(job, order))
        return Turn.TOLD

    def _count(self, turn: Turn) -> Turn:
        if turn is Turn.AWAY:
            self._failures += 1
        elif self._failures:
            self._failures = 0
            log.info("library system back")
        return turn

    def _say_away(self, why: str) -> None:
        """Once, until it is back."""
        if not self._failures:
            log.warning("library system away", why=why)

    def _tell(self, job: Job, order: Order) -> Turn:
        """Look, decide and send, until it is settled or has to wait."""
        doubt, taken_back = job.task.doubt, False
        while True:
            seen = look(self._system, order)
            if isinstance(seen, Away):
                return self._put_off(job, seen.why)
            match next_step(order, seen, doubt, taken_back=taken_back):
                case Settled(due_on):
                    return self._finish(job, due_on)
                case Hopeless(reason):
                    return self._give_up(job, reason)
                case Send() as step:
                    outcome = self._send(job, step)
                case impossible:
                    assert_never(impossible)
            if step.act == order.act or isinstance(outcome, Away | Unknown):
                return self._answered(job, order, seen, outcome)
            doubt, taken_back = None, True  # the way is free for the loan itself

    def _send(self, job: Job, step: Send) -> Outcome:
        if job.task.attempts >= ATTEMPTS:
            return Refused(NO_ANSWER)
        with self._database.writing() as conn:
            tasks.begin(conn, job.task, self._now(), step.due_before)
        return perform(self._system, step.act)

    def _answered(self, job: Job, order: Order, seen: Seen, outcome: Outcome) -> Turn:
        match outcome:
            case Done(due_on):
                return self._finish(job, due_on)
            case Refused() if _was_in(order, seen):
                return self._finish(job, None)  # it was not on loan there: fine
            case Refused(reason):
                return self._give_up(job, reason)
            case Unknown(why):
                self._say_away(why)
                with self._database.writing() as conn:
                    tasks.doubt(conn, job.task, self._later(), why)
                return Turn.AWAY
            case Away(why):
                return self._put_off(job, why)
            case _:
                assert_never(outcome)

    def _put_off(self, job: Job, why: str) -> Turn:
        """Let others go first next time, lest one item that nobody can serve block all."""
        self._say_away(why)
        with self._database.writing() as conn:
            tasks.put_off(conn, job.task, self._later(), why)
        return Turn.AWAY

    def _later(self) -> dt.datetime:
        return self._now() + 2 * dt.timedelta(seconds=_wait_s(self._failures + 1))

    def _finish(self, job: Job, due_on: dt.date | None, note: str = "") -> Turn:
        now = self._now()
        with self._database.writing() as conn:
            tasks.done(conn, job.task, now, due_on, note)
            settle(conn, job.fact, due_on, now)
        return Turn.TOLD

    def _give_up(self, job: Job, reason: str) -> Turn:
        now = self._now()
        with self._database.writing() as conn:
            tasks.refused(conn, job.task, now, reason)
            put_before_staff(conn, job.fact, reason, now)
        log.warning("library task refused", fact=job.fact.fact_id)
        return Turn.TOLD


def _was_in(order: Order, seen: Seen) -> bool:
    return isinstance(order.act, TakingBack) and seen.item.on_loan is False


def _wait_s(failures: int) -> float:
    """How long to wait after so many failures in a row."""
    return min(WAIT_S * (1 << min(failures - 1, 10)), LONGEST_WAIT_S)
