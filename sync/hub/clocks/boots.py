"""What the database knows of the clocks of kiosks: brackets, boot by boot.

Everything is merged so that the order of arrival leaves no trace.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    bindparam,
    select,
    union_all,
)

from sync.hub.clocks.intervals import (
    STRETCH_NS,
    VOTERS,
    Bracket,
    Interval,
    Pair,
    agreed,
    stretch_of,
)
from sync.hub.clocks.succession import Known
from sync.hub.store import schema
from sync.hub.store.among import among
from sync.hub.store.rows import Row, put_rows


class Witness(enum.StrEnum):
    """Who tied the two clocks together: the hub itself, or a kiosk that claims to know."""

    CONTACT = "contact"
    EVENT = "event"


_PAIRS = schema.clock_pairs
_STRETCH = _PAIRS.c.stretch
_STORED = select(_PAIRS).where(
    _PAIRS.c.kiosk_id == bindparam("kiosk_id"),
    among(_PAIRS.c.boot_id, "boots"),
    among(_STRETCH, "stretches"),
)
_OWN = and_(
    _PAIRS.c.kiosk_id == bindparam("kiosk_id"),
    _PAIRS.c.boot_id == bindparam("boot_id"),
    _PAIRS.c.witness == bindparam("witness"),
)
_ALL = select(_PAIRS).where(_OWN)
_HERE = bindparam("here", type_=_STRETCH.type)
_NEAR = union_all(
    select(
        select(_PAIRS)
        .where(_OWN, _STRETCH <= _HERE)
        .order_by(_STRETCH.desc())
        .limit(VOTERS)
        .subquery()
    ),
    select(
        select(_PAIRS)
        .where(_OWN, _STRETCH > _HERE)
        .order_by(_STRETCH)
        .limit(VOTERS)
        .subquery()
    ),
)
_FURTHEST = select(_STRETCH).where(_OWN).offset(VOTERS - 1).limit(1)
_REACH = select(
    _FURTHEST.where(_STRETCH < _HERE).order_by(_STRETCH.desc()).scalar_subquery(),
    _FURTHEST.where(_STRETCH > _HERE).order_by(_STRETCH).scalar_subquery(),
)


class Said(NamedTuple):
    """A bracket on the clock of a boot, and whose word it is."""

    boot_id: str
    by: Witness
    bracket: Bracket


def tighten(conn: Connection, kiosk_id: str, said: Sequence[Said]) -> list[Said]:
    """Merge brackets into those of their stretches; returns those that taught anything.

    One boot, witness and stretch is not named twice.
    """
    if not said:
        return []
    asked = {
        "kiosk_id": kiosk_id,
        "boots": {one.boot_id for one in said},
        "stretches": {one.bracket.stretch for one in said},
    }
    rows = conn.execute(_STORED, asked).mappings()
    stored = {(row["boot_id"], row["witness"], row["stretch"]): row for row in rows}
    taught: list[Said] = []
    changed: list[Row] = []
    for one in said:
        row = stored.get((one.boot_id, one.by.value, one.bracket.stretch))
        known = None if row is None else _bracket(row)
        better = one.bracket if known is None else known.tightened(one.bracket)
        if better != known:
            taught.append(one)
            key = {"kiosk_id": kiosk_id, "stretch": one.bracket.stretch}
            changed.append({**key, **_said_row(one, better)})
    put_rows(conn, schema.clock_pairs, changed)
    return taught


def is_met(conn: Connection, kiosk_id: str, boot_id: str) -> bool:
    """Tell whether the hub's own word dates each moment of this boot.

    Whatever a kiosk claims of it then dates nothing.
    """
    own = {"kiosk_id": kiosk_id, "boot_id": boot_id, "witness": Witness.CONTACT.value}
    met = [_bracket(row) for row in conn.execute(_ALL, own).mappings()]
    return bool(met) and all(bracket.is_sound for bracket in met)


def witnessed(conn: Connection, kiosk_id: str) -> Known:
    """How the boots of this kiosk are dated, as long as nothing is learnt.

    The hub's own word beats that of a kiosk which says that it is synchronised.
    """

    @cache
    def near(boot_id: str, by: Witness, stretch: int) -> Sequence[Bracket]:
        """All that may be among the nearest ones to a moment of this stretch."""
        here = _around(kiosk_id, boot_id, by, stretch * STRETCH_NS)
        return [_bracket(row) for row in conn.execute(_NEAR, here).mappings()]

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
    low, high = conn.execute(_REACH, _around(kiosk_id, boot_id, by, ns)).one()
    return low, high


def _said_row(one: Said, better: Bracket) -> Row:
    return {
        "boot_id": one.boot_id,
        "witness": one.by.value,
        "low_wall": better.low.wall,
        "low_ns": better.low.ns,
        "high_wall": better.high.wall,
        "high_ns": better.high.ns,
    }


def _around(kiosk_id: str, boot_id: str, by: Witness, ns: int) -> dict[str, object]:
    return {
        "kiosk_id": kiosk_id,
        "boot_id": boot_id,
        "witness": by.value,
        "here": stretch_of(ns),
    }


def _bracket(row: RowMapping) -> Bracket:
    return Bracket(
        Pair(row["low_wall"], row["low_ns"]), Pair(row["high_wall"], row["high_ns"])
    )
