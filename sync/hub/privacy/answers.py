"""What machines of others were told last: it names the card, and maybe its reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, delete, select

from kiosk.domain.credentials import normalise
from sync.hub.store import schema
from sync.sip2 import wire
from sync.sip2.dialects import Dialect

_ANSWERS = schema.sip2_answers
#: The field of an answer that repeats the card's number.
_CARD = "AA"


def forget_answers(conn: Connection, cut_off: dt.datetime) -> int:
    """Of machines that have asked for nothing since; returns how many."""
    return conn.execute(delete(_ANSWERS).where(old_answers(cut_off))).rowcount


def forget_answers_of(conn: Connection, cards: Collection[str]) -> int:
    """Those that name one of these cards, as normalised; returns how many."""
    names = [machine for machine, _, _ in answers_of(conn, cards)]
    gone = delete(_ANSWERS).where(_ANSWERS.c.name.in_(names))
    return conn.execute(gone).rowcount


def answers_of(
    conn: Connection, cards: Collection[str]
) -> list[tuple[str, dt.datetime, str]]:
    """Machine, time and answer of those that name one of these cards."""
    rows = conn.execute(select(_ANSWERS).order_by(_ANSWERS.c.name))
    told = [(row.name, row.at, row.answer) for row in rows]
    return [one for one in told if _card(one[-1]) in cards]


def old_answers(cut_off: dt.datetime) -> ColumnElement[bool]:
    return _ANSWERS.c.at <= cut_off


def _card(answer: str) -> str:
    """The card that an answer names; empty if none. Machines spell it as they like."""
    said = wire.decode(answer.encode(), Dialect()).value(_CARD)
    return normalise(said or "")
