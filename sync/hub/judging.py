"""From one stored event to its verdict and effects; runs inside a savepoint.

CHECKOUT, CHECKIN and the closes of an ask change an item's history. Whatever the
order in which an ask and its close arrive, the same facts remain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import msgspec
from sqlalchemy import Connection, select

from sync.hub import cases, schema, shelf
from sync.hub.circulation import (
    ACCEPTED,
    Decision,
    decide_ask,
    decide_loan,
    decide_return,
)
from sync.hub.dating import learn
from sync.hub.facts import Fact, Finding, History, Severity, Standing, side
from sync.hub.feedmarks import version
from sync.hub.history import replay
from sync.hub.reading import (
    Arrival,
    Impossible,
    Reading,
    make_findable,
    read_loan,
    read_return,
)
from sync.protocol import Event, Kind, Mode, Outcome, Verdict


def judge(conn: Connection, arrival: Arrival) -> Verdict:
    """Apply one event. Raises Impossible, and others for content nobody foresaw."""
    event = arrival.event
    for item in learn(conn, event, arrival.now):
        shelf.play_again(conn, item, arrival.now)
    decision = _decide(conn, arrival)
    cases.open_cases(
        conn,
        decision.findings,
        arrival.now,
        event.kiosk_id,
        event.item,
        event.patron_ref,
    )
    return Verdict(
        event_id=event.event_id,
        epoch=event.epoch,
        seq=event.seq,
        outcome=decision.outcome,
        feed_version=version(conn),
        due_on=decision.due_on,
        reason=decision.reason,
        params=dict(decision.params),
    )


def _decide(conn: Connection, arrival: Arrival) -> Decision:
    kind = arrival.event.kind
    match kind:
        case Kind.CHECKOUT if arrival.event.mode is Mode.ASK:
            return _ask(conn, arrival)
        case Kind.CHECKOUT:
            return _lend(conn, arrival, read_loan(conn, arrival))
        case Kind.CHECKIN:
            return _take_back(conn, arrival)
        case Kind.CONFIRMED:
            return _confirm(conn, arrival)
        case Kind.WITHDRAWN:
            return _withdraw(conn, arrival)
        case (
            Kind.TAG_WRITTEN
            | Kind.SESSION_ENDED
            | Kind.PEOPLE_COUNTED
            | Kind.CONTACT_CHANGED
        ):
            return ACCEPTED
        case _:
            assert_never(kind)


def _ask(conn: Connection, arrival: Arrival) -> Decision:
    event = arrival.event
    asked = read_loan(conn, arrival)
    confirmed = shelf.fact(conn, event.event_id)
    if confirmed is not None:
        return _confirmed_already(conn, event, confirmed)
    closes = _closes(conn, event.kiosk_id, event.event_id)
    if Kind.CONFIRMED in closes:
        _stand(conn, arrival, asked.fact, Standing.ASKED)
        return _confirm(conn, replace(arrival, event=closes[Kind.CONFIRMED]))
    if Kind.WITHDRAWN in closes:
        _stand(conn, arrival, asked.fact, Standing.WITHDRAWN)
        return ACCEPTED
    return _answer(conn, arrival, asked)


def _answer(conn: Connection, arrival: Arrival, asked: Reading) -> Decision:
    """Let the rules decide; a granted ask reserves the item until it is closed."""
    before = replay(shelf.facts_of(conn, asked.fact.item))
    decision = decide_ask(asked.fact, asked.known, before)
    refused = decision.outcome is Outcome.REFUSED
    standing = Standing.REFUSED if refused else Standing.ASKED
    _stand(conn, arrival, asked.fact, standing)
    return decision


def _confirmed_already(conn: Connection, event: Event, confirmed: Fact) -> Decision:
    """Its CONFIRMED named the loan and came first: nothing is left to decide."""
    _same_kiosk(event, confirmed)
    loan = replay(shelf.facts_of(conn, confirmed.item)).begun_by(confirmed.fact_id)
    return replace(ACCEPTED, due_on=loan.due_on if loan else confirmed.due_on)


def _confirm(conn: Connection, arrival: Arrival) -> Decision:
    """From now on the loan is a fact, dated by its CONFIRMED."""
    event = arrival.event
    ask = shelf.fact(conn, _ask_of(event))
    if ask is None and event.item is None:
        return Decision(Outcome.DEFERRED)  # only its ask can say what was lent
    reading = read_loan(conn, replace(arrival, event=_completed(event, ask)))
    fact = replace(reading.fact, fact_id=_ask_of(event))
    odd = _odds(conn, event, fact, ask)
    findings = (*odd, *reading.findings)
    return _lend(conn, arrival, replace(reading, fact=fact, findings=findings))


def _completed(event: Event, ask: Fact | None) -> Event:
    """A CONFIRMED with what its ask said of the loan."""
    if ask is None:
        return event
    _same_kiosk(event, ask)
    return msgspec.structs.replace(
        event, item=ask.item, patron_ref=ask.patron_ref, loan_ref=ask.loan_ref
    )


def _odds(
    conn: Connection, event: Event, fact: Fact, ask: Fact | None
) -> tuple[Finding, ...]:
    """What a CONFIRMED is at odds with; the loan stands all the same."""
    if ask is not None and ask.standing is Standing.REFUSED:
        return (_odd("refused_ask_confirmed", fact),)
    if Kind.WITHDRAWN in _closes(conn, event.kiosk_id, fact.fact_id):
        return (_odd("closed_twice", fact),)
    return ()


def _withdraw(conn: Connection, arrival: Arrival) -> Decision:
    ask = shelf.fact(conn, _ask_of(arrival.event))
    if ask is None:
        return ACCEPTED  # it came before its ask, which will find it
    _same_kiosk(arrival.event, ask)
    if ask.standing is Standing.FIRM:
        odd = _odd("closed_twice", ask)
        return Decision(Outcome.ACCEPTED_WITH_NOTICE, odd.kind, findings=(odd,))
    _stand(conn, arrival, ask, Standing.WITHDRAWN)
    return ACCEPTED


def _lend(conn: Connection, arrival: Arrival, loan: Reading) -> Decision:
    make_findable(conn, arrival.event, loan)
    after = _stand(conn, arrival, loan.fact, Standing.FIRM)
    return decide_loan(loan.fact, loan.known, after, loan.findings)


def _take_back(conn: Connection, arrival: Arrival) -> Decision:
    returned = read_return(conn, arrival)
    make_findable(conn, arrival.event, returned)
    after = _stand(conn, arrival, returned.fact, Standing.FIRM)
    return decide_return(returned.fact, returned.known, after, returned.findings)


def _stand(
    conn: Connection, arrival: Arrival, fact: Fact, standing: Standing
) -> History:
    """Store the fact with this standing; returns what the item's history is now."""
    return shelf.apply(
        conn, replace(fact, standing=standing), arrival.event, arrival.now
    )


def _closes(conn: Connection, kiosk_id: str, ask_id: str) -> dict[Kind, Event]:
    """The CONFIRMED and WITHDRAWN that came for an ask so far."""
    table = schema.events
    bodies = conn.execute(
        select(table.c.body).where(
            table.c.refers_to == ask_id, table.c.kiosk_id == kiosk_id
        )
    ).scalars()
    events = [msgspec.json.decode(body, type=Event) for body in bodies]
    return {event.kind: event for event in events}


def _ask_of(event: Event) -> str:
    if event.refers_to is None:
        raise Impossible(f"{event.kind} {event.event_id} names no ask")
    return event.refers_to


def _same_kiosk(event: Event, fact: Fact) -> None:
    if event.kiosk_id != fact.kiosk_id:
        raise Impossible(f"{event.event_id} closes an ask of {fact.kiosk_id}")


def _odd(kind: str, fact: Fact) -> Finding:
    return Finding(kind, Severity.MEDIUM, fact.fact_id, {"event": side(fact)})
