"""Parts with one fault each, to show that the model would see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

import msgspec
from sqlalchemy import Connection

from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_schema import events, subjects
from sync.agent.errors import HubUnreachable
from sync.agent.outbox import Outbox
from sync.agent.push import Pusher
from sync.hub.intake import intake
from sync.hub.intake.held import HeldEvents
from sync.hub.intake.ingest import Ingested, Sender, ingest
from sync.hub.intake.wire import Received, read_batch
from sync.hub.store import database
from sync.protocol import Batch, BatchAnswer, Event, Kind, Outcome, Verdict, chain_hash


@contextmanager
def agent_that_forgets_unanswered_batches() -> Iterator[None]:
    """It takes a lost answer for a delivered batch, and never asks what the hub holds."""
    whole = Pusher._send

    def send(self: Pusher, batch: Sequence[Event]) -> BatchAnswer | None:
        try:
            return whole(self, batch)
        except HubUnreachable:
            taken = [_accepted(event) for event in batch]
            self._mirror.put_verdicts(taken, None, batch[0].occurred_at)
            self._outbox.settle(taken, self._now_s())
            raise

    with (
        patch.object(Pusher, "_send", send),
        patch.object(Outbox, "_look_for_gap", lambda *_: None),
    ):
        yield


@contextmanager
def hub_that_forgets_what_it_stored() -> Iterator[None]:
    """It counts a repeat again under another id, and answers as if all were well."""
    numbers = count(1)

    def take(
        conn: Connection, sender: Sender, batch: Sequence[Received], *rest: Any
    ) -> Ingested:
        held = HeldEvents(conn, [one.envelope for one in batch])
        anew = [
            _renamed(one, next(numbers)) if held.like(one.envelope) else one
            for one in batch
        ]
        taken = ingest(conn, sender, anew, *rest)
        verdicts = tuple(
            msgspec.structs.replace(
                verdict, event_id=one.envelope.event_id, seq=one.envelope.seq
            )
            for one, verdict in zip(batch, taken.verdicts, strict=False)
        )
        return replace(taken, verdicts=verdicts)

    with patch.object(intake, "ingest", take):
        yield


@contextmanager
def feed_of_one_run() -> Iterator[None]:
    """The hub numbers its changes, and no more: after a restore some numbers lie."""
    with patch.object(database, "begin_run", lambda *_: None):
        yield


@contextmanager
def ledger_that_reuses_numbers() -> Iterator[None]:
    """The last return of each stack never reached the card, though it said so."""
    whole = SqliteLedger.record

    def record(self: SqliteLedger, *given: Any) -> tuple[Event, ...]:
        recorded = whole(self, *given)
        if recorded and recorded[-1].kind is Kind.CHECKIN:
            with self._transaction() as connection:
                for table in (subjects, events):
                    newest = connection.execute(
                        events.select().order_by(events.c.number.desc())
                    ).first()
                    assert newest is not None
                    connection.execute(
                        table.delete().where(table.c.number == newest.number)
                    )
        return recorded

    with patch.object(SqliteLedger, "record", record):
        yield


@contextmanager
def agent_that_trusts_any_answer() -> Iterator[None]:
    """It counts whatever it sent as taken, listed or not, and asks no more."""
    whole = Outbox.next_batch

    def next_batch(self: Outbox, *given: Any) -> tuple[Event, ...]:
        batch = whole(self, *given)
        for event in batch[1:]:
            self._of(event.epoch).settle(event.seq)
        return batch[:1]

    with (
        patch.object(Outbox, "next_batch", next_batch),
        patch.object(Outbox, "_look_for_gap", lambda *_: None),
    ):
        yield


def _accepted(event: Event) -> Verdict:
    return Verdict(
        event_id=event.event_id,
        epoch=event.epoch,
        seq=event.seq,
        outcome=Outcome.ACCEPTED,
    )


def _renamed(received: Received, number: int) -> Received:
    assert received.event is not None
    event = msgspec.structs.replace(
        received.event,
        event_id=f"{received.event.event_id[:40]}-{number}",
        seq=received.event.seq + (1 << 20) + number,
    )
    return _received(msgspec.structs.replace(event, hash=chain_hash(event)))


def _received(event: Event) -> Received:
    (received,) = read_batch(msgspec.json.encode(Batch(events=(event,))))
    return received
