"""Taking in events: stored first, judged second, answered from what is stored.

Event, effect and verdict are one transaction, so a repeat finds either nothing
or the verdict. An event that can't be judged is parked for staff and holds up
no other one. ADR-unit-of-work.md says how that is done for many events at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from sync.hub.circulation.consequences import follow_all
from sync.hub.circulation.unit_of_work import unit_of_work
from sync.hub.clocks.contacts import Contact, learn
from sync.hub.intake.cards import follow_gaps
from sync.hub.intake.chain import advance
from sync.hub.intake.held import HeldEvents
from sync.hub.intake.quarantine import kept_aside
from sync.hub.intake.taking import (
    CONTENT_ERRORS,
    CarefulTaking,
    Sender,
    Taking,
    flaw_of,
)
from sync.hub.intake.wire import Received
from sync.protocol import AckedThrough, Verdict

__all__ = ["Ingested", "Sender", "ingest"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the kiosk is told of a batch; `acked_through`: of the last sound one."""

    verdicts: tuple[Verdict, ...]
    acked_through: AckedThrough | None


def ingest(
    conn: Connection,
    sender: Sender,
    batch: Sequence[Received],
    now: dt.datetime,
    enough: Callable[[], bool] = lambda: False,
) -> Ingested:
    """Store and judge a batch, event by event, in the order in which they were sent.

    Stops after the event at which `enough` says so; the verdicts tell how far it came.
    """
    held = _held(conn, sender, batch)
    _learn(conn, sender, batch, held, now)
    verdicts = _take_in(conn, sender, batch, held, now, enough)
    taken = batch[: len(verdicts)]
    sound = [one.envelope for one in taken if flaw_of(one, sender) is None]
    epochs = dict.fromkeys(envelope.epoch for envelope in sound)
    heads = [advance(conn, sender.kiosk_id, epoch, now) for epoch in epochs]
    follow_gaps(conn, sender.kiosk_id, now)
    return Ingested(tuple(verdicts), heads[-1] if heads else None)


def _held(conn: Connection, sender: Sender, batch: Sequence[Received]) -> HeldEvents:
    sound = [one.envelope for one in batch if flaw_of(one, sender) is None]
    return HeldEvents(conn, sound)


def _learn(
    conn: Connection,
    sender: Sender,
    batch: Sequence[Received],
    held: HeldEvents,
    now: dt.datetime,
) -> None:
    """Let clocks date what is known already, before anything is judged by them."""
    events = tuple(
        one.event
        for one in batch
        if one.event is not None
        and flaw_of(one, sender) is None
        and all(like.same_as(one.envelope) for like in held.like(one.envelope))
    )
    anew = learn(conn, Contact(sender.kiosk_id, sender.sent, now, events))
    with unit_of_work(conn) as work:
        follow_all(work, anew.items, now, anew.facts)


def _take_in(
    conn: Connection,
    sender: Sender,
    batch: Sequence[Received],
    held: HeldEvents,
    now: dt.datetime,
    enough: Callable[[], bool],
) -> list[Verdict]:
    """Verdicts on the first events of a batch, up to the one when it was enough."""
    aside = kept_aside(conn, sender.kiosk_id, batch)
    verdicts: list[Verdict] = []
    while len(verdicts) < len(batch) and not (verdicts and enough()):
        rest = batch[len(verdicts) :]
        quick = Taking(conn, sender, rest, held, now)
        try:
            with conn.begin_nested():
                quick.prefetch()
                verdicts += quick.take_all(aside, enough)
        except CONTENT_ERRORS as err:
            log.info("events one by one", kiosk=sender.kiosk_id, why=str(err))
            held = _held(conn, sender, batch)  # as if that had not been tried
            tried = rest[: quick.tried or len(rest)]
            verdicts += CarefulTaking(conn, sender, tried, held, now).take_all(aside)
    return verdicts
