"""Turning from one screen to another: what stays of a visit, and what does not."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.session import Session, SlipState
from kiosk.view import Message, Screen


def turn_to(state: Session, screen: Screen) -> Session:
    """Turn to a screen with a clean list; what was dealt with stays dealt with."""
    if state.busy:
        return state
    done = state.settled | {line.book.key for line in state.lines}
    return replace(
        state,
        screen=screen,
        notice=lasting_notice(state),
        lines=(),
        receipt=None,
        slip=SlipState.NONE,
        settled=done,
        goal=Screen.BORROW,
        account=None,
        ticked=frozenset(),
    )


def lasting_notice(state: Session) -> Message | None:
    """A refused patron stays refused however the books are moved."""
    return state.visitor.refusal if state.visitor else None
