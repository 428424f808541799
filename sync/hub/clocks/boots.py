"""What the database knows of the boots of kiosks: brackets on their clocks, their order.

Everything is merged so that the order of arrival leaves no trace.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    insert,
    select,
    update,
)

from sync.hub.clocks.intervals import (
    VOTERS,
    Bracket,
    Interval,
    Pair,
    agreed,
    stretch_of,
)
from sync.hub.clocks.succession import Known, Span
from sync.hub.store import schema


class Witness(enum.StrEnum):
    """Who tied the two clocks together: the hub itself, or a kiosk that claims to know."""

    CONTACT = "contact"
    EVENT = "event"


def tighten(
    conn: Connection, kiosk_id: str, boot_id: str, by: Witness, bracket: Bracket
) -> bool:
    """Merge a bracket into that of its stretch; tell whether it taught anything."""
    pairs = schema.clock_pairs
    here = _of(kiosk_id, boot_id, by) & (pairs.c.stretch == bracket.stretch)
    row = conn.execute(select(pairs).where(here)).mappings().one_or_none()
    known = None if row is None else _bracket(row)
    better = bracket if known is None else known.tightened(bracket)
    if better == known:
        return False
    values = {
        "low_wall": better.low.wall,
        "low_ns": better.low.ns,
        "high_wall": better.high.wall,
        "high_ns": better.high.ns,
    }
    key = {
        "kiosk_id": kiosk_id,
        "boot_id": boot_id,
        "witness": by.value,
        "stretch": bracket.stretch,
    }
    _put(conn, pairs, key, values, new=known is None)
    return True


def extend(conn: Connection, kiosk_id: str, epoch: str, span: Span) -> bool:
    """Merge a span into that of its boot; tell whether it taught anything."""
    boots = schema.boots.c
    here = and_(
        boots.kiosk_id == kiosk_id, boots.epoch == epoch, boots.boot_id == span.boot_id
    )
    row = conn.execute(select(schema.boots).where(here)).mappings().one_or_none()
    known = None if row is None else _span(row)
    merged = span if known is None else known.merged(span)
    if merged == known:
        return False
    values = {
        "place": merged.place,
        "last_ns": merged.last_ns,
        "arrived_wall": merged.arrived and merged.arrived.wall,
        "arrived_ns": merged.arrived and merged.arrived.ns,
    }
    key = {"kiosk_id": kiosk_id, "epoch": epoch, "boot_id": span.boot_id}
    _put(conn, schema.boots, key, values, new=known is None)
    return True


def spans(conn: Connection, kiosk_id: str, epoch: str) -> list[Span]:
    """The boots of an epoch in their order."""
    boots = schema.boots.c
    rows = conn.execute(
        select(schema.boots)
        .where(boots.kiosk_id == kiosk_id, boots.epoch == epoch)
        .order_by(boots.place, boots.boot_id)
    ).mappings()
    return [_span(row) for row in rows]


def epochs_of(conn: Connection, kiosk_id: str, boot_id: str) -> list[str]:
    boots = schema.boots.c
    query = select(boots.epoch).where(
        boots.kiosk_id == kiosk_id, boots.boot_id == boot_id
    )
    return list(conn.execute(query.order_by(boots.epoch)).scalars())


def witnessed(conn: Connection, kiosk_id: str) -> Known:
    """How the boots of this kiosk are dated, as long as nothing is learnt.

    The hub's own word beats that of a kiosk which says that it is synchronised.
    """

    @cache
    def near(boot_id: str, by: Witness, stretch: int) -> Sequence[Bracket]:
        return _near(conn, kiosk_id, boot_id, by, stretch)

    def known(boot_id: str, ns: int) -> Interval | None:
        for by in Witness:
            said = agreed(near(boot_id, by, stretch_of(ns)), ns)
            if said is not None:
                return said
        return None

    return known


def reach(
    conn: Connection, kiosk_id: str, boot_id: str, by: Witness, ns: int
) -> tuple[int | None, int | None]:
    """Between which stretches (both left out) the bracket of this moment has a say."""
    stretch, here = schema.clock_pairs.c.stretch, stretch_of(ns)
    own = _of(kiosk_id, boot_id, by)
    below = select(stretch).where(own, stretch < here).order_by(stretch.desc())
    above = select(stretch).where(own, stretch > here).order_by(stretch)
    low = conn.execute(below.offset(VOTERS - 1).limit(1)).scalar_one_or_none()
    high = conn.execute(above.offset(VOTERS - 1).limit(1)).scalar_one_or_none()
    return low, high


def _put(
    conn: Connection,
    table: Table,
    key: Mapping[str, object],
    values: Mapping[str, object],
    *,
    new: bool,
) -> None:
    if new:
        conn.execute(insert(table), [{**key, **values}])
        return
    here = [table.c[name] == value for name, value in key.items()]
    conn.execute(update(table).where(*here).values(values))


def _near(
    conn: Connection, kiosk_id: str, boot_id: str, by: Witness, here: int
) -> Sequence[Bracket]:
    """All that may be among the nearest ones to a moment of this stretch."""
    pairs = schema.clock_pairs
    own = select(pairs).where(_of(kiosk_id, boot_id, by))
    stretch = pairs.c.stretch
    halves = (
        own.where(stretch <= here).order_by(stretch.desc()).limit(VOTERS),
        own.where(stretch > here).order_by(stretch).limit(VOTERS),
    )
    return [
        _bracket(row) for half in halves for row in conn.execute(half).mappings().all()
    ]


def _of(kiosk_id: str, boot_id: str, by: Witness) -> ColumnElement[bool]:
    pairs = schema.clock_pairs.c
    return and_(
        pairs.kiosk_id == kiosk_id,
        pairs.boot_id == boot_id,
        pairs.witness == by.value,
    )


def _bracket(row: RowMapping) -> Bracket:
    return Bracket(
        Pair(row["low_wall"], row["low_ns"]), Pair(row["high_wall"], row["high_ns"])
    )


def _span(row: RowMapping) -> Span:
    wall = row["arrived_wall"]
    arrived = None if wall is None else Pair(wall, row["arrived_ns"])
    return Span(row["boot_id"], row["place"], row["last_ns"], arrived)
