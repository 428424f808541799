"""The account screen as pure steps: opened by a card, ticked, renewed."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.ending import Step
from kiosk.domain.session import (
    Book,
    BookClass,
    Line,
    LoansRenewed,
    ReadAccount,
    Renew,
    Session,
    Visitor,
)
from kiosk.domain.turning import turn_to
from kiosk.domain.values import PatronState
from kiosk.view import LineState, Screen

#: Whoever holds such a card may not be the one whose card it was.
_NOT_TO_BE_SHOWN = {PatronState.LOST, PatronState.CANCELLED}


def opened(state: Session) -> Step:
    """Show the account of who is there; without anybody, ask for a card first."""
    if state.busy:
        return state, ()
    if state.visitor is None:
        return replace(turn_to(state, Screen.IDENTIFY), goal=Screen.ACCOUNT), ()
    if not may_look(state.visitor):
        return state, ()
    turned = replace(turn_to(state, Screen.ACCOUNT), notice=None)
    return turned, (ReadAccount(state.visitor.patron),)


def may_look(visitor: Visitor) -> bool:
    """Whether this card opens an account; any of them may return books."""
    return visitor.patron.state not in _NOT_TO_BE_SHOWN


def tick(state: Session, key: str) -> Step:
    """Choose a loan, or no longer; what became of an earlier choice goes away."""
    if state.account is None or state.busy:
        return state, ()
    if key not in {one.loan.item for one in state.account.renewable}:
        return state, ()
    return replace(state, lines=(), ticked=state.ticked ^ {key}), ()


def renew(state: Session) -> Step:
    """Renew what is chosen, or all that can be."""
    chosen = state.to_renew
    if not chosen or state.visitor is None or state.session_id is None:
        return state, ()
    lines = tuple(
        Line(Book(one.loan.item, BookClass.OWN, one.loan.item), LineState.WORKING)
        for one in chosen
    )
    effect = Renew(state.visitor.patron, chosen, state.session_id)
    return replace(state, lines=lines, notice=None), (effect,)


def renewed(state: Session, event: LoansRenewed) -> Step:
    """Show what became of it beside the days that hold now."""
    if state.visitor is None:
        return state, ()
    shown = replace(state, lines=event.lines, ticked=frozenset())
    return shown, (ReadAccount(state.visitor.patron),)
