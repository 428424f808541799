"""One event taken in: stored, judged and answered, or recognised as a repeat."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from sync.hub.circulation import limits
from sync.hub.circulation.cases import open_cases
from sync.hub.circulation.facts import Finding, Severity
from sync.hub.circulation.judging import judge
from sync.hub.circulation.prefetch import prefetch
from sync.hub.circulation.reading import Arrival
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.intake.cards import conflict_finding, settle_conflict, suspect
from sync.hub.intake.chain import Neighbours
from sync.hub.intake.copies import is_copy, put_copy
from sync.hub.intake.held import HeldEvent, HeldEvents
from sync.hub.intake.wire import Envelope, Received
from sync.protocol import CONFLICT, ID_CONFLICT, INVALID, Json, Outcome, Sent, Verdict

#: What impossible content raises. A database in trouble is not among them: then
#: nothing is stored and the kiosk sends the batch again.
CONTENT_ERRORS = (
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    DataError,
    IntegrityError,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """The kiosk that signed the batch, where it stands, and its clocks at sending."""

    kiosk_id: str
    site_id: str
    sent: Sent | None = None


def flaw_of(received: Received, sender: Sender) -> str | None:
    """What forbids to store the event."""
    if received.flaw is None and received.envelope.kiosk_id != sender.kiosk_id:
        return f"the event is of {received.envelope.kiosk_id[:80]!r}"
    return received.flaw


class Taking:
    """Takes in the events of a batch, one after the other, in one unit of work.

    `held` is kept up to date.
    """

    def __init__(
        self,
        conn: Connection,
        sender: Sender,
        batch: Sequence[Received],
        held: HeldEvents,
        now: dt.datetime,
    ) -> None:
        self._work = UnitOfWork(conn)
        self._sender = sender
        self._held = held
        self._now = now
        self._batch = batch
        self.tried = 0
        sound = [one for one in batch if flaw_of(one, sender) is None]
        self._fresh = [one for one in sound if not held.like(one.envelope)]
        self._neighbours = Neighbours(conn, [one.envelope for one in self._fresh])

    def prefetch(self) -> None:
        """Read at once what the events will be judged by."""
        events = (one.event for one in self._fresh)
        prefetch(self._work, [event for event in events if event is not None])

    def take_all(
        self, aside: Mapping[str, Verdict], enough: Callable[[], bool] = lambda: False
    ) -> list[Verdict]:
        """Verdicts on the first events, up to the one when it was enough; all written.

        `aside` are known by event id. Raises one of CONTENT_ERRORS if one of the
        first `tried` events can't be judged.
        """
        verdicts: list[Verdict] = []
        for one in self._batch:
            self.tried += 1
            verdicts.append(aside.get(one.envelope.event_id) or self._take(one))
            if enough():
                break
        limits.settle(self._work, self._now)
        self._work.flush()
        return verdicts

    def _take(self, received: Received) -> Verdict:
        flaw = flaw_of(received, self._sender)
        if flaw is not None:
            log.warning("event invalid", kiosk=self._sender.kiosk_id, flaw=flaw)
            return _verdict(received, Outcome.REFUSED, INVALID, {"detail": flaw})
        envelope = received.envelope
        like = self._held.like(envelope)
        if not like:
            self._store(received)
            return self._answered(received, self._judge(received))
        if len(like) > 1 or not like[0].same_as(envelope):
            if self._held.at_place_of(envelope) or not is_copy(
                self._work.conn, received
            ):
                return self._conflict(received)
            self._store_copy(envelope, like[0])
        verdict = like[0].verdict
        if verdict.outcome is Outcome.DEFERRED:
            verdict = self._answered(received, self._judge(received))
        return msgspec.structs.replace(verdict, epoch=envelope.epoch, seq=envelope.seq)

    def _store(self, received: Received) -> None:
        envelope = received.envelope
        self._work.events.add(
            {
                "event_id": envelope.event_id,
                "kiosk_id": envelope.kiosk_id,
                "epoch": envelope.epoch,
                "seq": envelope.seq,
                "hash": envelope.hash,
                "prev_hash": envelope.prev_hash,
                "kind": envelope.kind if received.event else "",
                "refers_to": received.event and envelope.refers_to,
                "body": received.body,
                "received_at": self._now,
            }
        )
        self._note_place(envelope)

    def _store_copy(self, envelope: Envelope, original: HeldEvent) -> None:
        """Note where it stands as well; its effect is that of the original."""
        put_copy(self._work.conn, envelope)
        self._held.add_copy(envelope, original.verdict)
        self._note_place(envelope)

    def _note_place(self, envelope: Envelope) -> None:
        """See whether what came fits its neighbours; it is in conflict no more."""
        broken = self._neighbours.break_at(envelope)
        self._neighbours.add(envelope)
        if broken:
            open_cases(self._work.conn, [broken], self._now, envelope.kiosk_id)
        settle_conflict(self._work, envelope.event_id, self._now)

    def _judge(self, received: Received) -> Verdict:
        if received.event is None:
            return self._park(received, "this hub does not know such events")
        arrival = Arrival(received.event, self._sender.site_id, self._now)
        return judge(self._work, arrival)

    def _answered(self, received: Received, verdict: Verdict) -> Verdict:
        self._work.events.answer(received.envelope.event_id, verdict)
        self._held.add(received.envelope, verdict)
        return verdict

    def _park(self, received: Received, why: str) -> Verdict:
        envelope = received.envelope
        sides: Json = {"why": why[:500], "body": received.body}
        finding = Finding("event_parked", Severity.HIGH, envelope.event_id, sides)
        open_cases(self._work.conn, [finding], self._now, envelope.kiosk_id)
        return _verdict(received, Outcome.NEEDS_STAFF, finding.kind, {})

    def _conflict(self, received: Received) -> Verdict:
        """Another event under its number (a cloned or rolled-back card), or its id."""
        envelope, conn, now = received.envelope, self._work.conn, self._now
        taken_by = self._held.at_place_of(envelope)
        same_id = taken_by is None or taken_by.event_id == envelope.event_id
        log.error("event conflict", kiosk=envelope.kiosk_id, seq=envelope.seq)
        sides: Json = {
            "stored": [one.event_id for one in self._held.like(envelope)],
            "sent": received.body,
        }
        finding = conflict_finding(envelope, sides, same_id=same_id)
        open_cases(conn, [finding], now, envelope.kiosk_id)
        if not same_id:
            suspect(conn, envelope.kiosk_id, envelope.epoch, envelope.seq, now)
        reason = ID_CONFLICT if same_id else CONFLICT
        return _verdict(received, Outcome.REFUSED, reason, {})


class CarefulTaking(Taking):
    """Writes event by event, so that one which can't be judged is parked."""

    def _judge(self, received: Received) -> Verdict:
        try:
            with self._work.conn.begin_nested():
                verdict = super()._judge(received)
                limits.settle(self._work, self._now)
                self._work.flush()
        except CONTENT_ERRORS as err:
            self._work.forget()
            log.warning("event parked", kiosk=self._sender.kiosk_id, exc_info=err)
            verdict = self._park(received, f"{type(err).__name__}: {err}")
        return verdict


def _verdict(
    received: Received, outcome: Outcome, reason: str, params: Json
) -> Verdict:
    envelope = received.envelope
    return Verdict(
        event_id=envelope.event_id,
        epoch=envelope.epoch,
        seq=envelope.seq,
        outcome=outcome,
        reason=reason,
        params=params,
    )
