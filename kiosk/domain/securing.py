"""How the tags of a visit's books fare: written, still wrong, or found afterwards."""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain.session import Line, Session, TagsSecured
from kiosk.view import LineState, Screen

#: The loan or return of such a line is in the ledger, or about to be.
RECORDED = {LineState.WORKING, LineState.OK, LineState.PUT_BACK}


def find_tags(state: Session) -> Session:
    """A book that was dealt with by its barcode may show its tags afterwards."""
    tagged = {book.key: book for book in state.on_pad if book.kind.circulates}
    late = {
        line.book.key: tagged[line.book.key]
        for line in state.lines
        if line.state is LineState.OK and not line.book.uids and line.book.key in tagged
    }
    lines = tuple(
        replace(line, book=late.get(line.book.key, line.book)) for line in state.lines
    )
    return replace(state, lines=lines)


def secured(state: Session, event: TagsSecured) -> tuple[Line, ...]:
    return tuple(
        line if _unrecorded_return(state, line) else _secured_line(line, event)
        for line in state.lines
    )


def _unrecorded_return(state: Session, line: Line) -> bool:
    """Its tag is written first: whatever its tag does, it is not done yet."""
    return state.screen is Screen.RETURN and line.state is LineState.WORKING


def _secured_line(line: Line, event: TagsSecured) -> Line:
    uids = set(line.book.uids)
    if line.state not in RECORDED or not uids & (event.written | event.failed):
        return line
    unwritten = frozenset((line.unwritten | event.failed) & (uids - event.written))
    state = LineState.PUT_BACK if unwritten else LineState.OK
    return replace(line, state=state, unwritten=unwritten)
