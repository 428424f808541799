"""What to do next about one thing that a library system has to learn: pure decisions.

No library system knows a repeat from a second loan, so nothing is sent before it was
looked how things stand there, and a loan never while the item is on loan there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import assert_never

from sync.hub.library.port import (
    Act,
    ItemThere,
    Lending,
    PatronThere,
    Renewal,
    TakingBack,
)

#: A library system may count its loan periods from another hour than we do.
SLACK = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be told. `displaces`: by our record another loan ended before it."""

    act: Act
    displaces: bool = False


#: Not looked at: it says of nothing whether the patron has it.
NOBODY = PatronThere()


@dataclass(frozen=True, slots=True)
class Seen:
    """How things stand there; the patron is only looked at where it matters."""

    item: ItemThere
    patron: PatronThere = NOBODY


@dataclass(frozen=True, slots=True)
class Doubt:
    """It was sent and may have been done; `due_before`: how long the loan ran then."""

    due_before: dt.date | None


@dataclass(frozen=True, slots=True)
class Send:
    """Tell it this. `due_before` tells afterwards whether it was done."""

    act: Act
    due_before: dt.date | None


@dataclass(frozen=True, slots=True)
class Settled:
    """It is so there already."""

    due_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Hopeless:
    """Not to be done without people; `reason` is one of the words below."""

    reason: str


ON_LOAN = "on_loan_there"
UNCLEAR = "outcome_unclear"

Step = Send | Settled | Hopeless


def next_step(
    order: Order, seen: Seen, doubt: Doubt | None = None, *, taken_back: bool = False
) -> Step:
    """Decide by what is seen there. `taken_back`: the displaced loan was ended."""
    match order.act:
        case Lending():
            may_end = order.displaces and not taken_back
            return _lend(order.act, seen, doubt, may_end=may_end)
        case TakingBack():
            return _take_back(order.act, seen.item, doubt)
        case Renewal():
            return _renew(order.act, seen.item, doubt)
        case _:
            assert_never(order.act)


def _lend(act: Lending, seen: Seen, doubt: Doubt | None, *, may_end: bool) -> Step:
    there = seen.item
    if act.item in seen.patron.items:
        return Settled(there.due_on)
    if there.on_loan is None:
        return Hopeless(UNCLEAR) if doubt else Send(act, None)
    if not there.on_loan:
        return Send(act, None)
    if not seen.patron.complete and doubt and there.due_on != doubt.due_before:
        return _by_due_date(act, there.due_on)
    if may_end:
        return Send(TakingBack(act.item, act.at), there.due_on)
    return Hopeless(ON_LOAN)


def _by_due_date(act: Lending, due_on: dt.date | None) -> Step:
    """On loan since we sent it, to somebody: to our patron if the date is ours."""
    ours = due_on is not None and due_on >= act.due_on - SLACK
    return Settled(due_on) if ours else Hopeless(UNCLEAR)


def _take_back(act: TakingBack, there: ItemThere, doubt: Doubt | None) -> Step:
    """A return of what is not on loan is told as well: it says where the item is."""
    if doubt and there.on_loan is False:
        return Settled()
    return Send(act, there.due_on)


def _renew(act: Renewal, there: ItemThere, doubt: Doubt | None) -> Step:
    due_on = there.due_on
    if due_on is not None and due_on >= act.due_on:
        return Settled(due_on)
    if doubt is None:
        return Send(act, due_on)
    if due_on is None or doubt.due_before is None:
        return Hopeless(UNCLEAR)
    return Settled(due_on) if due_on > doubt.due_before else Send(act, due_on)
