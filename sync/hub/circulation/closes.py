"""An ask together with what its kiosk said of it later, whichever came first."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import or_, select

from sync.hub.circulation.former import may_be_same
from sync.hub.circulation.reading import Impossible
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema
from sync.protocol import ASKABLE, Event, Kind, is_ask


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is here of an ask and its closes."""

    ask_id: str
    ask: Event | None
    confirmed: Event | None
    withdrawn: bool

    @property
    def kind(self) -> Kind:
        """CHECKOUT or RENEW. A CONFIRMED that comes first says which, in `of`."""
        if self.ask is not None:
            return self.ask.kind
        renewal = self.confirmed and self.confirmed.payload.get("of") == Kind.RENEW
        return Kind.RENEW if renewal else Kind.CHECKOUT

    @property
    def completed(self) -> Event | None:
        """The CONFIRMED under the id of its ask, which says what was lent to whom."""
        if self.confirmed is None:
            return None
        said = self.ask or self.confirmed
        return msgspec.structs.replace(
            self.confirmed,
            event_id=self.ask_id,
            item=said.item,
            patron_ref=said.patron_ref,
            loan_ref=said.loan_ref,
        )


def exchange(work: UnitOfWork, event: Event) -> Exchange:
    """Everything of the ask that this event is or closes. Raises Impossible."""
    ask_id = event.refers_to if event.kind not in ASKABLE else event.event_id
    if ask_id is None:
        raise Impossible(f"{event.kind} {event.event_id} names no ask")
    events = _events(work, ask_id)
    ask = next((one for one in events if one.event_id == ask_id), None)
    if ask is not None and not is_ask(ask):
        raise Impossible(f"{event.event_id} closes {ask_id}, which asked nothing")
    if ask is not None and ask.kiosk_id != event.kiosk_id:
        raise Impossible(f"{event.event_id} closes an ask of {ask.kiosk_id}")
    own = {one.kind: one for one in events if one.kiosk_id == event.kiosk_id}
    return Exchange(ask_id, ask, own.get(Kind.CONFIRMED), Kind.WITHDRAWN in own)


def cancelled(work: UnitOfWork, hold: Event) -> bool:
    """Tell whether the reader, at any kiosk, has given this hold up."""
    return any(
        one.kind is Kind.HOLD_CANCEL and may_be_same(one.patron_ref, hold.patron_ref)
        for one in _events(work, hold.event_id)
    )


def placed(work: UnitOfWork, cancel: Event) -> Event | None:
    """The HOLD_PLACE that a HOLD_CANCEL names, once it is here. Raises Impossible."""
    if cancel.refers_to is None:
        raise Impossible(f"{cancel.kind} {cancel.event_id} names no hold")
    events = _events(work, cancel.refers_to)
    hold = next((one for one in events if one.event_id == cancel.refers_to), None)
    if hold is None:
        return None
    its_own = may_be_same(hold.patron_ref, cancel.patron_ref)
    if hold.kind is not Kind.HOLD_PLACE or not its_own:
        raise Impossible(f"{cancel.event_id} cancels what is no hold of this reader")
    return hold


def _events(work: UnitOfWork, event_id: str) -> tuple[Event, ...]:
    """An event and those that refer to it, in the order of their seq."""
    table = schema.events
    rows = work.ask(
        select(table.c.body)
        .where(or_(table.c.event_id == event_id, table.c.refers_to == event_id))
        .where(table.c.kind != "")
        .order_by(table.c.epoch, table.c.seq)
    ).scalars()
    return tuple(msgspec.json.decode(body, type=Event) for body in rows)
