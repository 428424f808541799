"""The screen as a function of state: session and surroundings in, view out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kiosk.account_lines import account_headline, account_lines, ready_words
from kiosk.domain.account_step import may_look
from kiosk.domain.session import Book, Line, Session, SlipState, class_message
from kiosk.slip import slip_lines
from kiosk.view import (
    BookLine,
    LineState,
    Message,
    PatronLine,
    Screen,
    SiteLine,
    Slip,
    View,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a view needs beside the session."""

    site: SiteLine
    banners: tuple[Message, ...] = ()
    offline: bool = False
    max_books: int = 8
    can_print: bool = False
    #: Why nothing can be lent or taken back; None as long as it can.
    closed: Message | None = None


#: How printing fares.
_SLIP_WORDS = {
    SlipState.PRINTING: Message("slip.printing"),
    SlipState.PRINTED: Message("slip.printed"),
}


def present(
    session: Session,
    around: Surroundings,
    *,
    revision: int,
    step: str,
    idle_s: int | None,
) -> View:
    """Make the whole view."""
    lines = _lines(session)
    return View(
        revision=revision,
        step=step,
        screen=session.screen,
        locale=session.locale,
        site=around.site,
        headline=_headline(session, around),
        patron=_patron(session),
        books=lines,
        count=sum(book.kind.circulates for book in session.books),
        max_books=around.max_books,
        can_confirm=session.can_confirm,
        notice=session.notice or _closed(session, around),
        banners=around.banners,
        put_back=_put_back(session),
        receipt=session.receipt,
        slip=_slip(session, around),
        ready=_ready(session),
        account=account_lines(session),
        may_look=_may_look(session),
        idle_s=idle_s,
        in_service=around.closed is None,
    )


def _closed(session: Session, around: Surroundings) -> Message | None:
    """Home says large what is the matter; elsewhere the banner must do."""
    return around.closed if session.screen is Screen.HOME else None


def _patron(session: Session) -> PatronLine | None:
    if session.visitor is None:
        return None
    # Whoever found a lost card is not told whose it was.
    name = session.visitor.patron.name if _may_look(session) else ""
    return PatronLine(name, session.visitor.remaining)


def _ready(session: Session) -> tuple[Message, ...]:
    if session.visitor is None or not _may_look(session):
        return ()
    return ready_words(session.visitor.ready)


def _may_look(session: Session) -> bool:
    return session.visitor is not None and may_look(session.visitor)


def _slip(session: Session, around: Surroundings) -> Slip | None:
    """Offered on paper; where there is none, as a QR code to be photographed."""
    lines = slip_lines(session, around.site, offline=around.offline)
    if not lines or session.busy:
        return None
    state = session.slip
    offered = state is SlipState.NONE
    return Slip(
        lines,
        can_print=offered and around.can_print,
        message=_SLIP_WORDS.get(state),
        as_qr=state is SlipState.FAILED or (offered and not around.can_print),
    )


def _lines(session: Session) -> tuple[BookLine, ...]:
    """Results first, then what lies there still undecided."""
    if session.screen in {Screen.ACCOUNT, Screen.HELP}:
        return ()
    results = tuple(_result_line(line) for line in session.lines)
    if session.screen in {Screen.WORKING, Screen.DONE}:
        return results
    return results + tuple(_stack_line(book) for book in session.books)


def _result_line(line: Line) -> BookLine:
    book = line.book
    return BookLine(book.key, book.title, book.author, line.state, line.message)


def _stack_line(book: Book) -> BookLine:
    message = class_message(book)
    state = LineState.REFUSED if message else LineState.WAITING
    return BookLine(book.key, book.title, book.author, state, message)


def _put_back(session: Session) -> tuple[str, ...]:
    return tuple(
        line.book.title or line.book.barcode
        for line in session.lines
        if line.state is LineState.PUT_BACK
    )


def _headline(session: Session, around: Surroundings) -> Message | None:
    match session.screen:
        case Screen.HOME:
            found = len(session.books)
            return Message("home.books", {"n": found}) if found else None
        case Screen.IDENTIFY:
            return Message("id.prompt")
        case Screen.BORROW:
            return _stack_headline(session, around)
        case Screen.WORKING:
            return Message("borrow.working")
        case Screen.DONE:
            return _done_headline(session, around)
        case Screen.RETURN:
            return _return_headline(session)
        case Screen.ACCOUNT:
            return account_headline(session)
        case Screen.HELP:
            return Message("help.title")


def _stack_headline(session: Session, around: Surroundings) -> Message:
    if session.on_pad and not session.stable:
        return Message("borrow.counting")
    found = sum(book.kind.circulates for book in session.books)
    if found:
        return Message("borrow.count", {"n": found})
    return Message("borrow.put", {"max": around.max_books})


def _done_headline(session: Session, around: Surroundings) -> Message:
    good = [line for line in session.lines if line.state is not LineState.REFUSED]
    bad = len(session.lines) - len(good)
    if not good:
        return Message("borrow.none")
    if bad:
        return Message("borrow.partial", {"ok": len(good), "bad": bad})
    due = _earliest_due(good)
    if due is None:
        return Message("borrow.done_date_follows", {"n": len(good)})
    kind = "borrow.done_offline" if around.offline else "borrow.done"
    return Message(kind, {"n": len(good), "date": due})


def _earliest_due(lines: list[Line]) -> dt.date | None:
    dates = [line.message.params.get("date") for line in lines if line.message]
    due = [date for date in dates if isinstance(date, dt.date)]
    return min(due, default=None)


def _return_headline(session: Session) -> Message:
    recorded = {LineState.OK, LineState.PUT_BACK}
    done = sum(line.state in recorded for line in session.lines)
    return Message("return.done", {"n": done}) if done else Message("return.put")
