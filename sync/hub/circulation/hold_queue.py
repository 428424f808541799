"""The life of holds on one title, played from all that happened: pure functions.

Who waits longest gets the next copy that is in staff's hands: one that came back, was
fetched from the shelf, or that nobody collected. What staff did counts only where it
fits what else is known by now: an expiry, say, of a hold that was filled before does
nothing. So the order in which anything becomes known never matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kiosk.domain.values import county_day
from sync.hub.circulation.facts import Fact, Move, Place
from sync.hub.circulation.hold_values import (
    Act,
    Hold,
    HoldState,
    Kept,
    SetDown,
    Step,
    Terms,
)


def play(
    placed: Iterable[Fact], happened: Iterable[Fact | SetDown | Step], terms: Terms
) -> tuple[Hold, ...]:
    """Each hold as it is after all of this, in the order of the queue.

    `placed`: the holds; `happened`: loans and returns of the title's copies, and acts.
    """
    queue = _Queue(placed, terms)
    for one in sorted(happened, key=lambda each: each.place):
        if isinstance(one, Step):
            queue.step(one)
        elif isinstance(one, Fact) and one.move is Move.LEND:
            queue.lend(one)
        else:
            queue.set_down(one.item, one.site_id, one.place)
    return queue.holds


class _Queue:
    """The holds while they are played; what happens comes in its order."""

    def __init__(self, placed: Iterable[Fact], terms: Terms) -> None:
        ordered = sorted(placed, key=lambda fact: fact.place)
        self._terms = terms
        self._holds = {fact.fact_id: self._begun(fact) for fact in ordered}

    @property
    def holds(self) -> tuple[Hold, ...]:
        return tuple(self._holds.values())

    def lend(self, loan: Fact) -> None:
        """The copy is gone: whoever it was set aside for waits again, or has it."""
        for hold in self._with_copy(loan.item):
            if hold.is_active and hold.fact.patron_ref != loan.patron_ref:
                self._put(_waiting_again(hold, loan.place))
        self._put_back(loan.item)
        for hold in self._active(loan.place):
            if hold.fact.patron_ref == loan.patron_ref and hold.fits(loan.item):
                self._fill(hold, loan)

    def set_down(self, item: str, site_id: str, place: Place) -> None:
        """A copy is in hand at a site: for who waits for it, or for the next one."""
        mine = [hold for hold in self._with_copy(item) if hold.is_active]
        if mine:
            self._keep(mine[0], item, site_id, place)
        else:
            self._put_back(item)
            self._offer(item, site_id, place)

    def step(self, step: Step) -> None:
        """An act; it is passed over where the hold is not such that it fits."""
        hold = self._holds.get(step.hold_id)
        if hold is None or hold.fact.place > step.place:
            return
        match step.act:
            case Act.SET_ASIDE if hold.is_active and self._may_have(hold, step.item):
                self._exchange(hold, step)
            case Act.CANCELLED if hold.is_active:
                self._end(hold, HoldState.CANCELLED, step.place)
            case Act.EXPIRED if self._is_over(hold, step):
                self._end(hold, HoldState.EXPIRED, step.place)
            case Act.PUT_BACK if not hold.is_active:
                self._put(replace(hold, copy="", copy_site=""))
            case _:
                pass  # it came too late, or is a note: a copy that was not found

    def _begun(self, fact: Fact) -> Hold:
        if self._terms.barred(fact):
            return Hold(fact, HoldState.DECLINED, since=fact.place, ended=fact.place)
        return Hold(fact, since=fact.place)

    def _may_have(self, hold: Hold, item: str) -> bool:
        """Not if it is set aside for somebody else already."""
        others = [one for one in self._with_copy(item) if one.is_active]
        return hold.fits(item) and all(one is hold for one in others)

    def _is_over(self, hold: Hold, step: Step) -> bool:
        """Nobody has come for this copy, and the day it was kept until has gone by."""
        last = hold.keep_until
        return (
            hold.copy == step.item and last is not None and (last < county_day(step.at))
        )

    def _exchange(self, hold: Hold, step: Step) -> None:
        """Keep this copy in place of the one that was, which is free for others."""
        free = (hold.copy, hold.copy_site) if hold.copy not in ("", step.item) else None
        if free:
            hold = _waiting_again(hold, step.place)
        self._keep(hold, step.item, step.site_id, step.place)
        if free:
            self._offer(*free, step.place)

    def _keep(self, hold: Hold, item: str, site_id: str, place: Place) -> None:
        self._put_back(item)
        here = site_id == hold.fact.site_id
        state = HoldState.READY if here else HoldState.ON_ITS_WAY
        same = hold.state is state and hold.copy == item
        since = hold.since if same else place
        before = _let_go(hold, place).kept
        last = self._terms.last_day(hold.fact, (since or place)[0]) if here else None
        self._put(
            replace(
                hold,
                state=state,
                copy=item,
                copy_site=site_id,
                since=since,
                keep_until=last,
                kept=hold.kept if same else (*before, Kept(item, place, last)),
            )
        )

    def _put_back(self, item: str) -> None:
        """It lies no longer where a hold that is over has left it."""
        for hold in self._with_copy(item):
            if not hold.is_active:
                self._put(replace(hold, copy="", copy_site=""))

    def _offer(self, item: str, site_id: str, place: Place) -> None:
        """To the first who waits for any copy, or for this one."""
        for hold in self._active(place):
            if hold.state is HoldState.WAITING and hold.fits(item):
                self._keep(hold, item, site_id, place)
                return

    def _fill(self, hold: Hold, loan: Fact) -> None:
        other = (hold.copy, hold.copy_site) if hold.copy != loan.item else ("", "")
        ended = _let_go(hold, loan.place)
        self._put(
            replace(
                ended,
                state=HoldState.FILLED,
                copy="",
                copy_site="",
                since=loan.place,
                ended=loan.place,
                filled_by=loan.fact_id,
            )
        )
        if other[0]:
            self._offer(*other, loan.place)

    def _end(self, hold: Hold, state: HoldState, place: Place) -> None:
        """Its copy goes to the next one; if nobody waits, somebody has to put it back."""
        copy = (hold.copy, hold.copy_site)
        ended = _let_go(hold, place)
        self._put(replace(ended, state=state, since=place, ended=place))
        if copy[0]:
            self._offer(*copy, place)

    def _active(self, place: Place) -> Sequence[Hold]:
        holds = self._holds.values()
        return [hold for hold in holds if hold.is_active and hold.fact.place < place]

    def _with_copy(self, item: str) -> Sequence[Hold]:
        return [hold for hold in self._holds.values() if hold.copy == item]

    def _put(self, hold: Hold) -> None:
        self._holds[hold.fact.fact_id] = hold


def _waiting_again(hold: Hold, place: Place) -> Hold:
    """At its old place in the queue."""
    free = _let_go(hold, place)
    return replace(
        free, state=HoldState.WAITING, copy="", copy_site="", since=hold.fact.place
    )


def _let_go(hold: Hold, place: Place) -> Hold:
    """The copy is set aside no longer; what was stays known."""
    kept = tuple(
        replace(one, until=place) if one.until is None else one for one in hold.kept
    )
    return replace(hold, kept=kept, keep_until=None)
