"""A line of the transfer list: one copy that has to go from one site to another.

Pure. Staff say when they sent and received it; what the kiosks saw of the copy in
between decides what became of the line, whatever the order in which that is learnt.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.hub.circulation.facts import Fact, Move


class Reason(enum.StrEnum):
    """Why a copy travels."""

    HOLD = "hold"
    HOME = "home"
    ROTATION = "rotation"
    REPAIR = "repair"


class State(enum.StrEnum):
    """OVERTAKEN: the copy turned up elsewhere; the physical fact wins."""

    WANTED = "wanted"
    SENT = "sent"
    RECEIVED = "received"
    OVERTAKEN = "overtaken"


#: The copy is still to go, or on its way.
LIVE = frozenset({State.WANTED, State.SENT})


class BoxState(enum.StrEnum):
    """PACKING: at home. SENT and THERE: its copies belong at its destination."""

    PACKING = "packing"
    SENT = "sent"
    THERE = "there"
    COMING_BACK = "coming_back"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of `schema.transfers`, without what follows from it.

    `because`: the fact, the hold or the box that it follows from, if any.
    """

    transfer_id: str
    item: str
    from_site: str
    to_site: str
    reason: Reason
    because: str
    opened_at: dt.datetime
    opened_by: str = ""
    sent_at: dt.datetime | None = None
    sent_by: str = ""
    received_at: dt.datetime | None = None
    received_by: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line; `ended_by` is the fact that ended it."""

    state: State
    ended_at: dt.datetime | None = None
    ended_by: str = ""


def name_of(fact_id: str) -> str:
    """The number of the line that a return leads to: the same every time."""
    return f"return:{fact_id}"


def follows_from_fact(line: Line) -> bool:
    """Whether nobody but the hub has had to do with it: gone if its ground is gone."""
    return line.transfer_id == name_of(line.because) and line.sent_at is None


def outcome(line: Line, handled: Iterable[Fact]) -> Outcome:
    """What became of it. `handled`: when the copy was at a kiosk, in order."""
    if line.received_at is not None:
        return Outcome(State.RECEIVED, line.received_at)
    since = line.sent_at or line.opened_at
    for fact in handled:
        if fact.at > since and fact.fact_id != line.because:
            there = fact.site_id == line.to_site
            state = State.RECEIVED if there else State.OVERTAKEN
            return Outcome(state, fact.at, fact.fact_id)
    return Outcome(State.WANTED if line.sent_at is None else State.SENT)


def last_seen(lines: Iterable[Line], handled: Sequence[Fact]) -> str | None:
    """The site where kiosks or staff had the copy last; None if nobody ever had."""
    seen = [(fact.at, fact.site_id) for fact in handled[-1:]]
    for line in lines:
        if line.sent_at is not None:
            seen.append((line.sent_at, line.from_site))
        if line.received_at is not None:
            seen.append((line.received_at, line.to_site))
    return max(seen)[1] if seen else None


def line_after(handled: Sequence[Fact], to_site: str, reason: Reason) -> Line | None:
    """The line that the last return leads to, if the copy belongs at `to_site`."""
    last = handled[-1] if handled else None
    if last is None or last.move is not Move.RETURN or last.site_id == to_site:
        return None
    name = name_of(last.fact_id)
    return Line(name, last.item, last.site_id, to_site, reason, last.fact_id, last.at)


def is_away(state: BoxState | str) -> bool:
    """Whether copies in such a box belong at its destination rather than at home."""
    return state in {BoxState.SENT, BoxState.THERE}
