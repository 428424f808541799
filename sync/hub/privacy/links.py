"""Which items and facts still lead to a reader."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, Connection, or_, select

from sync.hub.circulation.facts import Move
from sync.hub.circulation.former import PREFIX
from sync.hub.circulation.reading import NOBODY
from sync.hub.store import schema

_FACTS = schema.facts.c


def known_reader(patron_ref: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a column names somebody."""
    nobody = patron_ref.in_(("", NOBODY))
    return ~nobody & ~patron_ref.startswith(PREFIX, autoescape=True)


def names_reader() -> ColumnElement[bool]:
    """Whether a fact names somebody, as recorded or as ruled by staff."""
    ruled = _FACTS.ruling.contains("patron_ref") & ~_FACTS.ruling.contains(PREFIX)
    return or_(known_reader(_FACTS.patron_ref), ruled)


def items_with(
    conn: Connection, cut_off: dt.datetime, after: str, limit: int
) -> list[str]:
    """The next items, in order, of which a fact so old names somebody."""
    query = select(_FACTS.item).distinct().where(_FACTS.item > after)
    old = (_FACTS.at <= cut_off, _FACTS.move != Move.HOLD.value, names_reader())
    rows = conn.execute(query.where(*old).order_by(_FACTS.item).limit(limit))
    return list(rows.scalars())


def items_of(conn: Connection, patron_ref: str) -> list[str]:
    """The items that facts about this reader tell of."""
    ruled = _FACTS.ruling.contains(patron_ref, autoescape=True)
    mine = or_(_FACTS.patron_ref == patron_ref, ruled)
    query = select(_FACTS.item).distinct().where(mine, _FACTS.move != Move.HOLD.value)
    return list(conn.execute(query.order_by(_FACTS.item)).scalars())
