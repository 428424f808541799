"""Stored events that no longer say whose they were.

Id, place, hash and verdict stay, so a repeat is still a repeat; of the body as it
came there is a fingerprint, so that one which was recorded anew is still known.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    false,
    or_,
    select,
    update,
)

from sync.hub.circulation.cases import CaseState
from sync.hub.circulation.former import former_reader
from sync.hub.intake.copies import fingerprint
from sync.hub.privacy.links import names_reader
from sync.hub.privacy.renaming import CARD, body_without
from sync.hub.store import schema

_EVENTS, _ASIDE = schema.events, schema.quarantine
#: Events in one transaction.
CHUNK = 500
_PUT = (
    update(_EVENTS)
    .where(_EVENTS.c.event_id == bindparam("of"))
    .values(body=bindparam("told"), fingerprint=bindparam("print"))
)
_TOKEN_BYTES = 8
#: Where `forget_rest` goes on: after this time and id.
Position = tuple[dt.datetime, str]
BEGINNING: Position = (dt.datetime(1, 1, 1, tzinfo=dt.UTC), "")


def forget_in_events(conn: Connection, former: str, names: Collection[str]) -> int:
    """Of the events with these ids, and those that close them; returns how many."""
    own = or_(_EVENTS.c.event_id.in_(names), _EVENTS.c.refers_to.in_(names))
    query = select(_EVENTS.c.event_id, _EVENTS.c.body, _EVENTS.c.fingerprint)
    rows = conn.execute(query.where(own)).all()
    _put(conn, [(row, former) for row in rows])
    forget_aside(conn, [row.event_id for row in rows])
    return len(rows)


def forget_cards(conn: Connection, cards: Collection[str]) -> int:
    """Of events that quote one of these numbers, unknown then; returns how many."""
    rows = events_with(conn, cards)
    _put(conn, [(row, former_reader(secrets.token_hex(_TOKEN_BYTES))) for row in rows])
    return len(rows)


def events_with(conn: Connection, cards: Collection[str]) -> Sequence[Any]:
    """Events of machines that quote one of these numbers, as normalised."""
    quoted = [f'"{CARD}":{msgspec.json.encode(card).decode()}' for card in cards]
    said = [_EVENTS.c.body.contains(text, autoescape=True) for text in quoted]
    columns = (_EVENTS.c.event_id, _EVENTS.c.body, _EVENTS.c.fingerprint)
    query = select(*columns, _EVENTS.c.kiosk_id, _EVENTS.c.received_at)
    return conn.execute(query.where(or_(false(), *said))).all()


def forget_rest(
    conn: Connection, cut_off: dt.datetime, after: Position
) -> tuple[int, Position | None]:
    """Of old events that no known reader's loan or hold rests on; a few at a time.

    Returns how many, and where to go on; None at the end.
    """
    at, name = after
    later = or_(
        _EVENTS.c.received_at > at,
        and_(_EVENTS.c.received_at == at, _EVENTS.c.event_id > name),
    )
    query = (
        select(
            _EVENTS.c.event_id,
            _EVENTS.c.body,
            _EVENTS.c.fingerprint,
            _EVENTS.c.received_at,
        )
        .where(_EVENTS.c.received_at <= cut_off, _EVENTS.c.fingerprint.is_(None))
        .where(later, is_free())
        .order_by(_EVENTS.c.received_at, _EVENTS.c.event_id)
        .limit(CHUNK)
    )
    rows = conn.execute(query).all()
    _put(conn, [(row, former_reader(secrets.token_hex(_TOKEN_BYTES))) for row in rows])
    forget_aside(conn, [row.event_id for row in rows])
    last = (rows[-1].received_at, rows[-1].event_id) if len(rows) == CHUNK else None
    return len(rows), last


def forget_aside(conn: Connection, names: Collection[str]) -> None:
    """What staff have admitted is among the events: it need not be here as well."""
    admitted = _ASIDE.c.admitted_at.is_not(None)
    conn.execute(delete(_ASIDE).where(_ASIDE.c.event_id.in_(names), admitted))


def is_free() -> ColumnElement[bool]:
    """Whether no fact with a known reader, and no open case, rests on an event."""
    facts, cases = schema.facts.c, schema.cases.c
    known, is_open = names_reader(), cases.state == CaseState.OPEN.value
    return and_(
        ~exists().where(facts.fact_id == _EVENTS.c.event_id, known),
        ~exists().where(facts.fact_id == _EVENTS.c.refers_to, known),
        ~exists().where(cases.event_id == _EVENTS.c.event_id, is_open),
    )


def _put(conn: Connection, told: list[tuple[Any, str]]) -> None:
    rows = [
        {
            "of": row.event_id,
            "told": body_without(row.body, former),
            "print": row.fingerprint or fingerprint(row.body),
        }
        for row, former in told
    ]
    if rows:
        conn.execute(_PUT, rows)
