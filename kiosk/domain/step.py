"""One visit as a pure step: (state, input, now) → (state, effects).

No hardware, no clock, no database; `now` is monotonic seconds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from kiosk.domain import account_step
from kiosk.domain.ending import Step, awake, over, record, ticked
from kiosk.domain.securing import RECORDED, find_tags, secured
from kiosk.domain.session import (
    AccountRead,
    Book,
    BookScanned,
    CardTaken,
    Input,
    Lend,
    Line,
    LoansRenewed,
    LoansSettled,
    Manners,
    Noticed,
    PatronCame,
    PrintSlip,
    Recount,
    ReturnsRecorded,
    Session,
    SlipPrinted,
    SlipState,
    StackChanged,
    TagsSecured,
    TakeBack,
    Ticked,
    Touched,
    Unlock,
)
from kiosk.domain.turning import lasting_notice, turn_to
from kiosk.view import Action, LineState, Message, Screen


def step(state: Session, event: Input, now: float, manners: Manners) -> Step:
    """Advance the session by one input."""
    match event:
        case Ticked():
            return ticked(state, now, manners)
        case StackChanged():
            return _stack_changed(state, event, now)
        case TagsSecured():
            return replace(state, lines=secured(state, event)), ()
        case SlipPrinted():
            return _slip_printed(awake(state, now), event)
        case LoansSettled():
            return find_tags(_loans_settled(awake(state, now), event)), ()
        case AccountRead():
            return replace(state, account=event.account), ()
        case LoansRenewed():
            return account_step.renewed(awake(state, now), event)
        case ReturnsRecorded():
            return find_tags(_returned(awake(state, now), event)), ()
        case Touched():
            return _touched(awake(state, now), event, manners)
        case PatronCame():
            return _patron_came(awake(state, now), event, manners)
        case CardTaken():
            return _card_taken(state, manners)
        case BookScanned():
            return _scanned(awake(state, now), event.book)
        case Noticed():
            return awake(replace(state, notice=event.message), now), ()
        case _:
            assert_never(event)


def _touched(state: Session, touch: Touched, manners: Manners) -> Step:
    match touch.action:
        case Action.STAY:
            return state, ()
        case Action.LANGUAGE:
            return replace(state, locale=touch.value), ()
        case Action.HOME:
            return (state, ()) if state.busy else over(state, manners)
        case Action.BORROW:
            screen = Screen.BORROW if state.visitor else Screen.IDENTIFY
            return turn_to(state, screen), ()
        case Action.RETURN:
            return _start_return(state)
        case Action.ACCOUNT:
            return account_step.opened(state)
        case Action.TICK:
            return account_step.tick(state, touch.value)
        case Action.RENEW:
            return account_step.renew(state)
        case Action.HELP:
            return _help(state), ()
        case Action.BACK:
            return _back(state)
        case Action.RECOUNT:
            fresh = replace(state, stable=False, scanned=(), notice=None)
            return fresh, (Recount(),)
        case Action.CONFIRM:
            return _confirm(state)
        case Action.PRINT:
            return _print(state)
        case _:
            assert_never(touch.action)


def _help(state: Session) -> Session:
    if state.busy or state.screen is Screen.HELP:
        return state
    return replace(state, screen=Screen.HELP, back=state.screen)


def _back(state: Session) -> Step:
    """Back from help, to what was put down meanwhile as well."""
    if state.screen is not Screen.HELP:
        return state, ()
    return _new_books(replace(state, screen=state.back))


def _print(state: Session) -> Step:
    if not state.receipt or state.slip is not SlipState.NONE or state.busy:
        return state, ()
    return replace(state, slip=SlipState.PRINTING), (PrintSlip(),)


def _slip_printed(state: Session, event: SlipPrinted) -> Step:
    """One that comes after its session is nobody's any more."""
    if state.slip is not SlipState.PRINTING:
        return state, ()
    if event.printed:
        return replace(state, slip=SlipState.PRINTED), ()
    return replace(state, slip=SlipState.FAILED, notice=Message("E-PRINTER")), ()


def _start_return(state: Session) -> Step:
    if state.busy:
        return state, ()
    # Returns are nobody's: a patron who was identified before is forgotten.
    nobody = replace(state, visitor=None, session_id=None, loans=0)
    over = record(replace(state, returns=0))
    returning, effects = _take_back(turn_to(nobody, Screen.RETURN))
    return returning, (*over, *effects)


def _confirm(state: Session) -> Step:
    if not state.can_confirm or state.visitor is None or state.session_id is None:
        return state, ()
    books = tuple(book for book in state.books if book.kind.circulates)
    working = tuple(Line(book, LineState.WORKING) for book in books)
    lend = Lend(state.visitor.patron, books, state.session_id)
    return replace(state, screen=Screen.WORKING, lines=working, notice=None), (lend,)


def _loans_settled(state: Session, event: LoansSettled) -> Session:
    return replace(
        state,
        screen=Screen.DONE,
        lines=event.lines,
        receipt=event.receipt,
        recorded_at=event.at,
        scanned=(),
        visitor=event.visitor or state.visitor,
        loans=state.loans + _recorded(event.lines),
    )


def _recorded(lines: tuple[Line, ...]) -> int:
    return sum(line.state in RECORDED for line in lines)


def _patron_came(state: Session, came: PatronCame, manners: Manners) -> Step:
    if state.busy:
        return state, ()
    if _same_patron(state, came) and state.screen is not Screen.DONE:
        return replace(state, visitor=came.visitor), ()
    worth_ending = state.visitor is not None or state.lines or state.returns
    before, effects = over(state, manners) if worth_ending else (state, ())
    wants_account = state.goal is Screen.ACCOUNT and state.screen is Screen.IDENTIFY
    started = replace(
        before,
        screen=Screen.BORROW,
        locale=state.locale,
        session_id=came.session_id,
        visitor=came.visitor,
        notice=came.visitor.refusal,
        since=state.since,
    )
    if manners.unlocks and came.visitor.refusal is None:
        effects = (*effects, Unlock())
    if not wants_account:
        return started, effects
    shown, looked_up = account_step.opened(started)
    return shown, (*effects, *looked_up)


def _same_patron(state: Session, came: PatronCame) -> bool:
    return (
        state.visitor is not None
        and state.visitor.patron.patron_ref == came.visitor.patron.patron_ref
    )


def _card_taken(state: Session, manners: Manners) -> Step:
    leaves = manners.card_stays and state.visitor is not None and not state.busy
    return over(state, manners) if leaves else (state, ())


def _stack_changed(state: Session, stack: StackChanged, now: float) -> Step:
    keys = {book.key for book in stack.books}
    changed = replace(
        state,
        on_pad=stack.books,
        stable=stack.stable,
        settled=state.settled & keys,
    )
    if keys != {book.key for book in state.on_pad}:
        changed = awake(replace(changed, notice=lasting_notice(state)), now)
    return _new_books(find_tags(changed))


def _new_books(state: Session) -> Step:
    """Go on with books that came after the first ones."""
    if state.screen is Screen.RETURN:
        return _take_back(state)
    if state.screen is Screen.DONE and _more_to_borrow(state):
        return turn_to(state, Screen.BORROW), ()
    return state, ()


def _more_to_borrow(state: Session) -> bool:
    """New books after the first stack: the same visitor goes on borrowing."""
    put_back = any(line.state is LineState.PUT_BACK for line in state.lines)
    fresh = any(book.kind.circulates for book in state.books)
    return fresh and not put_back and not state.busy


def _scanned(state: Session, book: Book) -> Step:
    if state.screen is Screen.WORKING:
        return state, ()
    if book.key in {entry.key for entry in (*state.on_pad, *state.scanned)}:
        return state, ()
    added = replace(state, scanned=(*state.scanned, book), notice=lasting_notice(state))
    return _new_books(added)


def _take_back(state: Session) -> Step:
    """Take every book that is new to this return; those on the pad must be stable."""
    books = tuple(
        book
        for book in state.books
        if book.kind.circulates and (state.stable or book in state.scanned)
    )
    if not books:
        return state, ()
    working = tuple(Line(book, LineState.WORKING) for book in books)
    effect = TakeBack(books, state.session_id)
    return replace(state, lines=(*state.lines, *working)), (effect,)


def _returned(state: Session, event: ReturnsRecorded) -> Session:
    results = {line.book.key: line for line in event.lines}
    lines = tuple(results.get(line.book.key, line) for line in state.lines)
    return replace(
        state,
        lines=lines,
        receipt=event.receipt or state.receipt,
        recorded_at=event.at if event.receipt else state.recorded_at,
        slip=SlipState.NONE if event.receipt else state.slip,
        returns=state.returns + _recorded(event.lines),
    )
