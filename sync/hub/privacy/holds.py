"""Holds that ended long ago, without who waited; the queues read as before."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from sqlalchemy import ColumnElement, Connection, select

from sync.hub.circulation.facts import Move
from sync.hub.circulation.hold_values import ACTIVE
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.privacy.due import Scope
from sync.hub.privacy.item import forget_facts, hold_states
from sync.hub.privacy.links import known_reader
from sync.hub.store import schema

_FACTS, _HOLDS = schema.facts.c, schema.holds.c


def titles_with(
    conn: Connection, cut_off: dt.datetime, after: str, limit: int
) -> list[str]:
    """The next titles, in order, with a hold so old that names somebody."""
    query = select(_FACTS.title_id).distinct().where(_FACTS.title_id > after)
    old = (_FACTS.at <= cut_off, _is_hold(), known_reader(_FACTS.patron_ref))
    rows = conn.execute(query.where(*old).order_by(_FACTS.title_id).limit(limit))
    return list(rows.scalars())


def titles_of(conn: Connection, patron_ref: str) -> list[str]:
    """The titles that this reader has waited for."""
    mine = (_FACTS.patron_ref == patron_ref, _is_hold())
    query = select(_FACTS.title_id).distinct().where(*mine)
    return list(conn.execute(query.order_by(_FACTS.title_id)).scalars())


def forget_holds(conn: Connection, title_id: str, scope: Scope) -> Counter[str]:
    """Of holds that nobody fetched a book by; the others go with their loans."""
    forgotten: Counter[str] = Counter()
    for reader, hold_id in _over(conn, title_id, scope):
        with conn.begin_nested() as savepoint:
            before = hold_states(UnitOfWork(conn), title_id)
            done = forget_facts(conn, reader, [hold_id])
            if hold_states(UnitOfWork(conn), title_id) == before:
                forgotten += done
            else:
                savepoint.rollback()
    return forgotten


def _over(conn: Connection, title_id: str, scope: Scope) -> list[tuple[str, str]]:
    """Reader and hold, of those that ended without a loan."""
    lives = {state.value for state in ACTIVE}
    rest = select(_HOLDS.hold_id).where(
        (_HOLDS.filled_by.is_not(None)) | _HOLDS.state.in_(lives)
    )
    query = select(_FACTS.patron_ref, _FACTS.fact_id, _FACTS.at).where(
        _FACTS.title_id == title_id, _is_hold(), _FACTS.fact_id.not_in(rest)
    )
    rows = conn.execute(query.order_by(_FACTS.fact_id)).all()
    due = [row for row in rows if scope.concerns(row.patron_ref)]
    return [(row.patron_ref, row.fact_id) for row in due if scope.is_over(row.at)]


def _is_hold() -> ColumnElement[bool]:
    return _FACTS.move == Move.HOLD.value
