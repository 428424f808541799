"""When a visit warns, waits and ends; what is recorded and wiped at its end."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.session import Effect, FencePad, Manners, Session, SessionOver
from kiosk.view import Screen

Step = tuple[Session, tuple[Effect, ...]]


def idle_left(state: Session, now: float, manners: Manners) -> int | None:
    """Whole seconds until home while the warning is up, else None."""
    if not state.warned:
        return None
    return max(1, round(state.since + manners.idle_s + manners.warning_s - now))


def wakes_at(state: Session, now: float, manners: Manners) -> float | None:
    """When the next Ticked is due (monotonic s); None while nothing can time out."""
    if state.busy or _untouched(state, manners):
        return None
    return now + 1.0 if state.warned else state.since + manners.idle_s


def ticked(state: Session, now: float, manners: Manners) -> Step:
    quiet = now - state.since
    if state.busy or _untouched(state, manners) or quiet < manners.idle_s:
        return state, ()
    if state.screen is Screen.HOME:
        return replace(state, notice=None, scanned=(), locale=manners.locale), ()
    if quiet < manners.idle_s + manners.warning_s:
        return replace(state, warned=True), ()
    return over(state, manners)


def over(state: Session, manners: Manners) -> Step:
    """End the session: nothing of it stays on the screen."""
    return Session(locale=manners.locale), (*record(state), FencePad())


def record(state: Session) -> tuple[Effect, ...]:
    if not (state.loans or state.returns):
        return ()
    return (SessionOver(state.session_id, state.loans, state.returns),)


def awake(state: Session, now: float) -> Session:
    return replace(state, since=now, warned=False)


def _untouched(state: Session, manners: Manners) -> bool:
    return (
        state.screen is Screen.HOME
        and state.notice is None
        and not state.scanned
        and state.locale == manners.locale
    )
