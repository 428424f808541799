"""Facts that staff add at the desk; they go through the same rules as a kiosk's."""

from __future__ import annotations

import datetime as dt

from sync.hub.circulation import shelf
from sync.hub.circulation.facts import Fact, Move, Standing
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.protocol import Clock, Event, Kind

#: Stands for the device, and its ledger, in facts that no kiosk recorded.
DESK = "desk"


def put_return(
    work: UnitOfWork, fact_id: str, item: str, site_id: str, now: dt.datetime
) -> None:
    """Staff have the book in hand, at this site."""
    fact = Fact(
        fact_id=fact_id,
        item=item,
        move=Move.RETURN,
        standing=Standing.FIRM,
        at=now,
        earliest=now,
        latest=now,
        clock=Clock.SYNCED,
        kiosk_id=DESK,
        epoch=DESK,
        seq=int(now.timestamp()),
        site_id=site_id,
        received_at=now,
    )
    shelf.put(work, fact, _event(fact))


def take_back(work: UnitOfWork, fact_id: str) -> None:
    """What staff have said did not happen."""
    work.facts.put({"fact_id": fact_id, "standing": Standing.WITHDRAWN.value})


def _event(fact: Fact) -> Event:
    return Event(
        event_id=fact.fact_id,
        kiosk_id=fact.kiosk_id,
        epoch=fact.epoch,
        seq=fact.seq,
        kind=Kind.CHECKIN,
        occurred_at=fact.at,
        boot_id=DESK,
        monotonic_ns=0,
        clock=fact.clock,
        item=fact.item,
    )
