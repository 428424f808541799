"""Which copies could be fetched from a shelf for those who wait."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    exists,
    select,
)

from kiosk.domain.values import ItemState
from sync.hub.circulation.hold_values import ACTIVE, Act, HoldState
from sync.hub.store import schema
from sync.hub.store.rows import Row

_HOLDS, _ITEMS, _LOANS = schema.holds, schema.items, schema.loans
_STEPS = schema.hold_steps


def wanted_copies() -> Select[tuple[object, ...]]:
    """Each pair of a waiting hold and a copy on a shelf that would do for it.

    Not one that is lent, kept for somebody, on its way, or was not found for it.
    """
    return (
        select(
            _HOLDS.c.hold_id,
            _HOLDS.c.title_id,
            _HOLDS.c.site_id,
            _HOLDS.c.patron_ref,
            _HOLDS.c.placed_at,
            _ITEMS.c.barcode,
            _ITEMS.c.current_site,
        )
        .join(_ITEMS, _fits())
        .where(
            _HOLDS.c.state == HoldState.WAITING.value,
            _ITEMS.c.state == ItemState.LENDABLE.value,
            ~_is_lent(),
            ~_is_kept(),
            ~_was_missed(),
        )
        .order_by(_HOLDS.c.placed_at, _HOLDS.c.hold_id, _ITEMS.c.barcode)
    )


def has_copies(conn: Connection, hold: Row) -> bool:
    """Whether a copy is on a shelf for it, or may still come back."""
    mine = _HOLDS.c.hold_id == hold["hold_id"]
    there = conn.execute(wanted_copies().where(mine).limit(1)).first()
    if there is not None:
        return True
    coming = (
        select(_ITEMS.c.barcode)
        .join(_HOLDS, _fits())
        .where(mine, _is_lent() | _is_kept())
        .limit(1)
    )
    return conn.execute(coming).first() is not None


def places(waiting: Sequence[Row | RowMapping]) -> dict[str, str]:
    """Where each hold's copy is to be fetched: hold → site.

    `waiting`: pairs of `wanted_copies`, in their order. Who waits longest comes
    first; the pick-up site is best, and no copy is meant for two.
    """
    copies: dict[str, list[Row | RowMapping]] = {}
    for row in waiting:
        copies.setdefault(row["hold_id"], []).append(row)
    taken: set[str] = set()
    found: dict[str, str] = {}
    for hold_id, rows in copies.items():
        free = [row for row in rows if row["barcode"] not in taken]
        free.sort(key=lambda row: row["current_site"] != row["site_id"])
        if free:
            taken.add(free[0]["barcode"])
            found[hold_id] = free[0]["current_site"]
    return found


def _fits() -> ColumnElement[bool]:
    return and_(
        _ITEMS.c.title_id == _HOLDS.c.title_id,
        _HOLDS.c.item.in_(("", _ITEMS.c.barcode)),
    )


def _is_lent() -> ColumnElement[bool]:
    return exists().where(
        _LOANS.c.item == _ITEMS.c.barcode, _LOANS.c.returned_at.is_(None)
    )


def _is_kept() -> ColumnElement[bool]:
    other = _HOLDS.alias("kept_for")
    return exists().where(
        other.c.copy == _ITEMS.c.barcode, other.c.state.in_(sorted(ACTIVE))
    )


def _was_missed() -> ColumnElement[bool]:
    return missed(_STEPS.c.item == _ITEMS.c.barcode)


def missed(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a copy was not found for the hold, and nobody is to look again."""
    later = _STEPS.alias("later")
    again = exists().where(
        later.c.hold_id == _STEPS.c.hold_id,
        later.c.step_id > _STEPS.c.step_id,
        later.c.act == Act.LOOK_AGAIN.value,
    )
    return exists().where(
        _STEPS.c.hold_id == _HOLDS.c.hold_id,
        _STEPS.c.act == Act.NOT_FOUND.value,
        ~again,
        *conditions,
    )
