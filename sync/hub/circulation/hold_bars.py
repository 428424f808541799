"""Readers who too often did not fetch what was kept for them; staff may forgive it.

While a reader is barred, a hold that is placed is declined. Those placed before wait on.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from sync.hub.circulation.hold_acts import Deed, HoldError
from sync.hub.circulation.hold_terms import hold_rule
from sync.hub.circulation.hold_values import HoldState
from sync.hub.county.audit import note
from sync.hub.county.rulebook import current_rules
from sync.hub.store import schema

_BARS, _HOLDS = schema.hold_bars, schema.holds


class Bar(msgspec.Struct, frozen=True):
    """A reader's holds are suspended from then on."""

    patron_ref: str
    since: dt.datetime


def bars(conn: Connection) -> list[Bar]:
    """Those that are in force, the latest first."""
    rows = conn.execute(
        select(_BARS.c.patron_ref, _BARS.c.since)
        .where(_BARS.c.until.is_(None))
        .order_by(_BARS.c.since.desc(), _BARS.c.patron_ref)
    )
    return [Bar(*row) for row in rows]


def bar_the_absent(conn: Connection, by: Deed) -> Sequence[str]:
    """Bar who has missed as many books as the rules allow since the last bar ended."""
    limit = hold_rule(current_rules(conn)).missed_limit
    forgiven = (
        select(func.max(_BARS.c.until))
        .where(_BARS.c.patron_ref == _HOLDS.c.patron_ref)
        .correlate(_HOLDS)
        .scalar_subquery()
    )
    barred = select(_BARS.c.patron_ref).where(_BARS.c.until.is_(None))
    query = (
        select(_HOLDS.c.patron_ref)
        .where(
            _HOLDS.c.state == HoldState.EXPIRED.value,
            _HOLDS.c.patron_ref.not_in(barred),
            (_HOLDS.c.since > forgiven) | forgiven.is_(None),
        )
        .group_by(_HOLDS.c.patron_ref)
        .having(func.count() >= limit)
        .order_by(_HOLDS.c.patron_ref)
    )
    found = conn.execute(query).scalars().all()
    for patron_ref in found:
        _bar(conn, patron_ref, by)
    return found


def lift(conn: Connection, patron_ref: str, by: Deed) -> None:
    """The reader may place holds again, and begins anew. Raises HoldError."""
    changed = conn.execute(
        update(_BARS)
        .where(_BARS.c.patron_ref == patron_ref, _BARS.c.until.is_(None))
        .values(until=by.now, lifted_by=by.who.name)
    )
    if not changed.rowcount:
        raise HoldError("not_barred", "this reader's holds are not suspended")
    note(conn, by.who, "hold.lift", f"patron:{patron_ref}", by.now, reason=by.reason)


def _bar(conn: Connection, patron_ref: str, by: Deed) -> None:
    row = {
        "bar_id": secrets.token_hex(8),
        "patron_ref": patron_ref,
        "since": by.now,
        "until": None,
        "lifted_by": "",
    }
    conn.execute(insert(_BARS), [row])
    note(conn, by.who, "hold.bar", f"patron:{patron_ref}", by.now)
