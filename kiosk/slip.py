"""The receipt of a visit as messages: what was lent or returned, to be kept or read."""

from __future__ import annotations

import datetime as dt

from kiosk.domain.session import Line, Session
from kiosk.view import LineState, Message, Screen, SiteLine

_DONE = {LineState.OK, LineState.PUT_BACK}


def slip_lines(
    session: Session, site: SiteLine, *, offline: bool
) -> tuple[Message, ...]:
    """The slip, heading first; empty when nothing was recorded."""
    done = [line for line in session.lines if line.state in _DONE]
    if session.receipt is None or not done:
        return ()
    return (
        Message("slip.site", {"site": site.name}),
        _title(session),
        *_who_and_when(session),
        *(_item(number, line) for number, line in enumerate(done, 1)),
        Message("slip.total", {"n": len(done)}),
        *([Message("slip.offline")] if offline else []),
        *([Message("slip.phone", {"phone": site.phone})] if site.phone else []),
    )


def _title(session: Session) -> Message:
    returned = session.screen is Screen.RETURN
    return Message(
        "slip.returned" if returned else "slip.lent", {"no": session.receipt or ""}
    )


def _who_and_when(session: Session) -> list[Message]:
    """Returns are nobody's; a patron's name comes masked from the hub."""
    name = session.visitor.patron.name if session.visitor else ""
    at = session.recorded_at
    parts = (name, at.strftime("%Y-%m-%d %H:%M") if at else "")
    words = "  ".join(filter(None, parts))
    return [Message("slip.who", {"who": words})] if words else []


def _item(number: int, line: Line) -> Message:
    params: dict[str, str | int | dt.date] = {
        "i": number,
        "title": line.book.title or line.book.barcode,
    }
    due = line.message.params.get("date") if line.message else None
    if isinstance(due, dt.date):
        return Message("slip.item_due", params | {"date": due})
    return Message("slip.item", params)
