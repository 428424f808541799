"""What is in a box, and what of the county's boxes is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, Row, and_, exists, not_, or_, select

from sync.hub.circulation.facts import Move, Standing
from sync.hub.county.permits import Reach
from sync.hub.store import schema

_PACKED, _ITEMS, _TITLES = schema.box_items, schema.items, schema.titles
_FACTS, _LINES, _LOANS = schema.facts, schema.transfers, schema.loans

#: At a kiosk, or in the hands of staff, after it was looked for in vain.
_SEEN_SINCE = or_(
    exists().where(
        and_(
            _FACTS.c.item == _PACKED.c.item,
            _FACTS.c.at > _PACKED.c.missing_at,
            _FACTS.c.move.in_([Move.LEND.value, Move.RETURN.value]),
            _FACTS.c.standing == Standing.FIRM.value,
        )
    ),
    exists().where(
        and_(
            _LINES.c.item == _PACKED.c.item,
            or_(
                _LINES.c.received_at > _PACKED.c.missing_at,
                _LINES.c.sent_at > _PACKED.c.missing_at,
            ),
        )
    ),
)
_IS_LENT = exists().where(
    _LOANS.c.item == _PACKED.c.item, _LOANS.c.returned_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Packed:
    """A copy that belongs to a box. `found`: seen since it was missing."""

    item: str
    box_id: str
    title: str
    clc: str
    current_site: str
    on_loan: bool
    missing_at: dt.datetime | None
    found: bool


def contents(conn: Connection, box_id: str) -> list[Packed]:
    """The copies of a box by class, those that are missing with them."""
    rows = conn.execute(_QUERY.where(_PACKED.c.box_id == box_id))
    return [_packed(row) for row in rows]


def missing(conn: Connection, reach: Reach) -> list[Packed]:
    """Copies that were to go home with a box and have not been seen since."""
    query = _QUERY.where(_PACKED.c.missing_at.is_not(None), not_(_SEEN_SINCE))
    if reach is not None:
        query = query.where(_ITEMS.c.current_site.in_(reach))
    return [_packed(row) for row in conn.execute(query)]


_QUERY = (
    select(
        _PACKED.c.item,
        _PACKED.c.box_id,
        _TITLES.c.title,
        _TITLES.c.clc,
        _ITEMS.c.current_site,
        _IS_LENT.label("on_loan"),
        _PACKED.c.missing_at,
        and_(_PACKED.c.missing_at.is_not(None), _SEEN_SINCE).label("found"),
    )
    .join(_ITEMS, _ITEMS.c.barcode == _PACKED.c.item)
    .outerjoin(_TITLES, _TITLES.c.title_id == _ITEMS.c.title_id)
    .order_by(_TITLES.c.clc, _PACKED.c.item)
)


def _packed(row: Row[tuple[object, ...]]) -> Packed:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)
    for name in ("title", "clc"):
        values[name] = values[name] or ""
    for name in ("on_loan", "found"):
        values[name] = bool(values[name])
    return Packed(**values)
