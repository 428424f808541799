"""The boots of a kiosk in their order within an epoch.

They are merged so that the order of arrival leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, select, tuple_

from sync.hub.clocks.intervals import Pair
from sync.hub.clocks.succession import Span
from sync.hub.store import schema
from sync.hub.store.rows import put_rows

#: Boots read at once; nearly always the next one is dated, and nobody looks further.
_PAGE = 8
_BOOTS = schema.boots
_IN_EPOCH = select(_BOOTS).where(
    _BOOTS.c.kiosk_id == bindparam("kiosk_id"), _BOOTS.c.epoch == bindparam("epoch")
)
_ONE = _IN_EPOCH.where(_BOOTS.c.boot_id == bindparam("boot_id"))
_PLACE = tuple_(_BOOTS.c.place, _BOOTS.c.boot_id)
_HERE = tuple_(bindparam("place"), bindparam("boot_id"))
_LATER = (
    _IN_EPOCH.where(_PLACE > _HERE)
    .order_by(_BOOTS.c.place, _BOOTS.c.boot_id)
    .limit(_PAGE)
)
_EARLIER = (
    _IN_EPOCH.where(_PLACE < _HERE)
    .order_by(_BOOTS.c.place.desc(), _BOOTS.c.boot_id.desc())
    .limit(_PAGE)
)
_EPOCHS = (
    select(_BOOTS.c.epoch)
    .where(
        and_(
            _BOOTS.c.kiosk_id == bindparam("kiosk_id"),
            _BOOTS.c.boot_id == bindparam("boot_id"),
        )
    )
    .order_by(_BOOTS.c.epoch)
)

#: Boot → the one beside it on one side, None at the end; as far as it was read.
_Beside = dict[str, Span | None]


class BootOrder:
    """Spans of one epoch, read as far as somebody looks, as long as nothing is learnt."""

    def __init__(self, conn: Connection, kiosk_id: str, epoch: str) -> None:
        self._conn = conn
        self._ledger = {"kiosk_id": kiosk_id, "epoch": epoch}
        self._next: _Beside = {}
        self._previous: _Beside = {}

    def span(self, boot_id: str) -> Span | None:
        return _stored(self._conn, {**self._ledger, "boot_id": boot_id})

    def later(self, span: Span) -> Iterator[Span]:
        """Those after it, the next one first."""
        return self._walk(span, _LATER, self._next)

    def earlier(self, span: Span) -> Iterator[Span]:
        """Those before it, the last one first."""
        return self._walk(span, _EARLIER, self._previous)

    def _walk(self, span: Span, query: Select[Any], beside: _Beside) -> Iterator[Span]:
        while True:
            if span.boot_id not in beside:
                self._read(span, query, beside)
            found = beside[span.boot_id]
            if found is None:
                return
            yield found
            span = found

    def _read(self, span: Span, query: Select[Any], beside: _Beside) -> None:
        here = {**self._ledger, "place": span.place, "boot_id": span.boot_id}
        rows = self._conn.execute(query, here).mappings()
        run = [span, *map(_span, rows)]
        beside.update({one.boot_id: other for one, other in pairwise(run)})
        if len(run) <= _PAGE:
            beside[run[-1].boot_id] = None


def extend(conn: Connection, kiosk_id: str, epoch: str, span: Span) -> bool:
    """Merge a span into that of its boot; tell whether it taught anything."""
    key = {"kiosk_id": kiosk_id, "epoch": epoch, "boot_id": span.boot_id}
    known = _stored(conn, key)
    merged = span if known is None else known.merged(span)
    if merged == known:
        return False
    told = {
        "place": merged.place,
        "last_ns": merged.last_ns,
        "arrived_wall": merged.arrived and merged.arrived.wall,
        "arrived_ns": merged.arrived and merged.arrived.ns,
    }
    put_rows(conn, _BOOTS, [{**key, **told}])
    return True


def epochs_of(conn: Connection, kiosk_id: str, boot_id: str) -> list[str]:
    here = {"kiosk_id": kiosk_id, "boot_id": boot_id}
    return list(conn.execute(_EPOCHS, here).scalars())


def _stored(conn: Connection, key: dict[str, str]) -> Span | None:
    row = conn.execute(_ONE, key).mappings().one_or_none()
    return None if row is None else _span(row)


def _span(row: RowMapping) -> Span:
    wall = row["arrived_wall"]
    arrived = None if wall is None else Pair(wall, row["arrived_ns"])
    return Span(row["boot_id"], row["place"], row["last_ns"], arrived)
