"""Facts that staff add at the desk; they go through the same rules as a kiosk's."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sync.hub.circulation import shelf
from sync.hub.circulation.facts import Fact, Move, Standing
from sync.hub.circulation.former import may_be_same
from sync.hub.circulation.records import records_now
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.protocol import Clock, Event, Kind

#: Stands for the device, and its ledger, in facts that no kiosk recorded.
DESK = "desk"


def put_return(
    work: UnitOfWork, fact_id: str, item: str, site_id: str, now: dt.datetime
) -> None:
    """Staff have the book in hand, at this site."""
    fact = _fact(fact_id, Move.RETURN, site_id, now)
    shelf.put(work, replace(fact, item=item), _event(fact, Kind.CHECKIN))


def put_hold(
    work: UnitOfWork,
    fact_id: str,
    patron_ref: str,
    title_and_item: tuple[str, str],
    where: tuple[str, dt.datetime],
) -> None:
    """A reader waits for any copy of a title, or for the item if one is named."""
    title_id, item = title_and_item
    fact = replace(
        _fact(fact_id, Move.HOLD, *where),
        item=item,
        title_id=title_id,
        patron_ref=patron_ref,
        records=records_now(work, patron_ref, item),
    )
    shelf.put(work, fact, _event(fact, Kind.HOLD_PLACE))


def is_own_hold(fact: Fact, patron_ref: str | None) -> bool:
    """Whether staff placed it, for this reader, who may give it up anywhere."""
    at_desk = fact.kiosk_id == DESK and fact.move is Move.HOLD
    return at_desk and may_be_same(fact.patron_ref, patron_ref)


def take_back(work: UnitOfWork, fact_id: str) -> None:
    """What staff have said did not happen."""
    work.facts.put({"fact_id": fact_id, "standing": Standing.WITHDRAWN.value})


def _fact(fact_id: str, move: Move, site_id: str, now: dt.datetime) -> Fact:
    return Fact(
        fact_id=fact_id,
        item="",
        move=move,
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


def _event(fact: Fact, kind: Kind) -> Event:
    return Event(
        event_id=fact.fact_id,
        kiosk_id=fact.kiosk_id,
        epoch=fact.epoch,
        seq=fact.seq,
        kind=kind,
        occurred_at=fact.at,
        boot_id=DESK,
        monotonic_ns=0,
        clock=fact.clock,
        item=fact.item,
    )
