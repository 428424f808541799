"""From one stored event to its verdict and effects; runs inside a savepoint.

The event becomes a fact, or changes what one is; `consequences` works out all that
follows. The verdict is the answer at this time, what follows may change later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from sync.hub.circulation import (
    closes,
    holds,
    reservations,
    shelf,
    staff_facts,
)
from sync.hub.circulation.circulation import (
    ACCEPTED,
    Asked,
    Decision,
    Returned,
    decide_ask,
    decide_loan,
    decide_renewal_ask,
    decide_return,
)
from sync.hub.circulation.consequences import Outlook, follow, follow_all
from sync.hub.circulation.facts import Fact, Move, Standing, provisional_title
from sync.hub.circulation.history import replay
from sync.hub.circulation.hold_answers import hold_answer
from sync.hub.circulation.hold_claims import in_the_way
from sync.hub.circulation.reading import Arrival, read, read_hold
from sync.hub.circulation.records import found
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.protocol import Event, Kind, Mode, Outcome, Verdict

_MOVES = {
    Kind.CHECKOUT: Move.LEND,
    Kind.CHECKIN: Move.RETURN,
    Kind.RENEW: Move.RENEW,
}


def judge(work: UnitOfWork, arrival: Arrival) -> Verdict:
    """Apply one event. Raises Impossible, and others for content nobody foresaw."""
    event = arrival.event
    decision = _decide(work, arrival)
    shown = work.feed.newest
    return Verdict(
        event_id=event.event_id,
        epoch=event.epoch,
        seq=event.seq,
        outcome=decision.outcome,
        feed_version=shown.version,
        feed_run=shown.run,
        due_on=decision.due_on,
        reason=decision.reason,
        params=dict(decision.params),
    )


def _decide(work: UnitOfWork, arrival: Arrival) -> Decision:
    kind = arrival.event.kind
    match kind:
        case Kind.CHECKOUT | Kind.RENEW if arrival.event.mode is Mode.ASK:
            return _ask(work, arrival)
        case Kind.CHECKOUT | Kind.RENEW:
            return _lend(work, arrival, read(work, arrival, _MOVES[kind]))
        case Kind.CHECKIN:
            return _take_back(work, arrival)
        case Kind.CONFIRMED:
            return _confirm(work, arrival)
        case Kind.WITHDRAWN:
            return _withdraw(work, arrival)
        case Kind.HOLD_PLACE:
            return _hold(work, arrival)
        case Kind.HOLD_CANCEL:
            return _cancel_hold(work, arrival)
        case (
            Kind.TAG_WRITTEN
            | Kind.SESSION_ENDED
            | Kind.PEOPLE_COUNTED
            | Kind.CONTACT_CHANGED
        ):
            return ACCEPTED
        case _:
            assert_never(kind)


def _ask(work: UnitOfWork, arrival: Arrival) -> Decision:
    """Answer, unless the kiosk has said already what came of it."""
    here = closes.exchange(work, arrival.event)
    asked = read(work, arrival, _MOVES[here.kind])
    if here.confirmed is not None:
        decision = _settle(work, arrival, here)
        return replace(ACCEPTED, due_on=decision.due_on)
    if here.withdrawn:
        _keep(work, arrival.event, replace(asked, standing=Standing.WITHDRAWN))
        return ACCEPTED
    decision = _answer(work, arrival, asked)
    refused = decision.outcome is Outcome.REFUSED
    standing = Standing.REFUSED if refused else Standing.ASKED
    _keep(work, arrival.event, replace(asked, standing=standing))
    return decision


def _answer(work: UnitOfWork, arrival: Arrival, fact: Fact) -> Decision:
    """Let the rules decide; a book that is granted stays reserved for a while."""
    waiting = holds.waiting(work, _title_of(work, fact.item))
    loans = shelf.patron_loans_at(work, fact.patron_ref, fact.at, fact.item)
    asked = Asked(
        rules=work.rules_of(work.rules_version),
        open_loan=replay(shelf.facts_of(work, fact.item)).open_loan,
        reserved_by=reservations.reserved_by(work, fact, arrival.now),
        held=in_the_way(waiting, fact) is not None,
        patron_loans=(*loans, *reservations.granted_to(work, fact, arrival.now)),
    )
    renewal = fact.move is Move.RENEW
    return decide_renewal_ask(fact, asked) if renewal else decide_ask(fact, asked)


def _confirm(work: UnitOfWork, arrival: Arrival) -> Decision:
    here = closes.exchange(work, arrival.event)
    if here.ask is None and arrival.event.item is None:
        return Decision(Outcome.DEFERRED)  # only its ask can say what was lent
    return _settle(work, arrival, here)


def _withdraw(work: UnitOfWork, arrival: Arrival) -> Decision:
    here = closes.exchange(work, arrival.event)
    if here.confirmed is not None and (here.ask or here.confirmed.item):
        return _settle(work, arrival, here)
    if here.ask is not None:
        asked = replace(arrival, event=here.ask)
        fact = read(work, asked, _MOVES[here.kind])
        _keep(work, here.ask, replace(fact, standing=Standing.WITHDRAWN))
    return ACCEPTED  # without its ask: that will find it


def _settle(work: UnitOfWork, arrival: Arrival, here: closes.Exchange) -> Decision:
    """A confirmed ask is a fact, dated by its CONFIRMED, withdrawn as well or not."""
    completed = here.completed or arrival.event
    fact = read(work, replace(arrival, event=completed), _MOVES[here.kind])
    fact = replace(fact, withdrawn=here.withdrawn)
    return _lend(work, replace(arrival, event=completed), fact)


def _lend(work: UnitOfWork, arrival: Arrival, fact: Fact) -> Decision:
    outlook = _happened(work, arrival, fact)
    return decide_loan(fact, outlook.history, outlook.findings)


def _take_back(work: UnitOfWork, arrival: Arrival) -> Decision:
    fact = read(work, arrival, Move.RETURN)
    outlook = _happened(work, arrival, fact)
    told = _routing(work, fact)
    return decide_return(fact, outlook.history, outlook.findings, told)


def _routing(work: UnitOfWork, fact: Fact) -> Returned:
    """Where the item should go from here: to who waits for it, or home."""
    mine = [
        hold
        for hold in holds.waiting(work, _title_of(work, fact.item))
        if hold.copy == fact.item
    ]
    held_at = _site_name(work, mine[0].fact.site_id) if mine else None
    item = work.item(fact.item)
    at_home = item is None or item.home_site == fact.site_id
    home = None if item is None or at_home else _site_name(work, item.home_site)
    return Returned(home, held_at)


def _hold(work: UnitOfWork, arrival: Arrival) -> Decision:
    fact = read_hold(work, arrival)
    given_up = closes.cancelled(work, arrival.event)
    standing = Standing.WITHDRAWN if given_up else Standing.FIRM
    _keep(work, arrival.event, replace(fact, standing=standing))
    holds.review(work, fact.title_id, arrival.now)
    return hold_answer(work, fact)


def _cancel_hold(work: UnitOfWork, arrival: Arrival) -> Decision:
    event = arrival.event
    hold = closes.placed(work, event)
    known = shelf.fact(work, event.refers_to or "")
    if known is None:
        return ACCEPTED  # without its hold: that will find it
    if hold is not None:
        shelf.put(work, replace(known, standing=Standing.WITHDRAWN), hold)
    elif staff_facts.is_own_hold(known, event.patron_ref):
        staff_facts.take_back(work, known.fact_id)
    holds.review(work, known.title_id, arrival.now)
    return ACCEPTED


def _happened(work: UnitOfWork, arrival: Arrival, fact: Fact) -> Outlook:
    """Store what happened and all that follows; the library system is to learn it."""
    before = _keep(work, arrival.event, fact)
    work.library.add(fact.fact_id, arrival.now)
    if fact.move in {Move.LEND, Move.RETURN}:
        found(work, fact.item)
    if before is not None and before.item != fact.item:
        follow_all(work, [before.item], arrival.now)
    return follow(work, fact.item, arrival.now, fact.fact_id)


def _keep(work: UnitOfWork, event: Event, fact: Fact) -> Fact | None:
    """Store a fact, or what it has become; returns what it was.

    What the records said when it first was a fact stays with it.
    """
    before = shelf.fact(work, fact.fact_id)
    if before is not None and before.standing is Standing.FIRM:
        fact = replace(fact, records=before.records, received_at=before.received_at)
    shelf.put(work, fact, event)
    return before


def _title_of(work: UnitOfWork, barcode: str) -> str:
    item = work.item(barcode)
    return item.title_id if item else provisional_title(barcode)


def _site_name(work: UnitOfWork, site_id: str) -> str:
    site = work.site(site_id)
    return site.name if site else site_id
