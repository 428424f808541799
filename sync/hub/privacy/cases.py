"""Cases that no longer say who the reader was; all else of them stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    exists,
    or_,
    select,
    update,
)

from sync.hub.circulation.cases import CaseState
from sync.hub.privacy.renaming import NAME, nameless, renamed
from sync.hub.store import schema

_CASES, _STEPS = schema.cases, schema.case_steps
#: Cases without an item that are looked at once.
_CHUNK = 200


def forget_in_cases(
    conn: Connection, reader: str, former: str, names: Collection[str]
) -> list[str]:
    """Rename the reader in all cases that tell of these facts; returns which ones."""
    facts = schema.facts.c
    items = select(facts.item).where(facts.fact_id.in_(names))
    near = or_(_CASES.c.event_id.in_(names), _CASES.c.item.in_(items))
    rows = conn.execute(select(_CASES).where(near, _names(reader))).mappings()
    told = [row for row in rows if _tells_of(row, names)]
    for row in told:
        _rename(conn, row, reader, former)
    return [row["case_id"] for row in told]


def forget_quotes(
    conn: Connection, cut_off: dt.datetime, after: str
) -> tuple[int, str | None]:
    """Take readers out of closed cases that quote events, a few at a time.

    Returns out of how many, and after which case to go on; None at the end.
    """
    over = (_CASES.c.state != CaseState.OPEN.value, _CASES.c.closed_at <= cut_off)
    quoting = _CASES.c.item.is_(None) & _CASES.c.sides.contains(NAME)
    query = select(_CASES.c.case_id, _CASES.c.sides).where(quoting, *over)
    query = query.where(_CASES.c.case_id > after).order_by(_CASES.c.case_id)
    told = conn.execute(query.limit(_CHUNK)).all()
    for row in told:
        mine = _CASES.c.case_id == row.case_id
        values = {"sides": nameless(row.sides), "patron_ref": None}
        conn.execute(update(_CASES).where(mine).values(**values))
    return len(told), told[-1].case_id if len(told) == _CHUNK else None


def _names(reader: str) -> ColumnElement[bool]:
    """Whether the reader stands in it, or in what staff did; JSON writes it plainly."""
    changed = exists().where(
        _STEPS.c.case_id == _CASES.c.case_id,
        _STEPS.c.effect.contains(reader, autoescape=True),
    )
    said = _CASES.c.sides.contains(reader, autoescape=True)
    return or_(_CASES.c.patron_ref == reader, said, changed)


def _tells_of(row: RowMapping, names: Collection[str]) -> bool:
    return row["event_id"] in names or any(name in row["sides"] for name in names)


def _rename(conn: Connection, row: RowMapping, reader: str, former: str) -> None:
    own = row["patron_ref"] == reader
    values = {
        "sides": renamed(row["sides"], reader, former),
        "patron_ref": former if own else row["patron_ref"],
    }
    mine = _CASES.c.case_id == row["case_id"]
    conn.execute(update(_CASES).where(mine).values(**values))
    _rename_in_steps(conn, row["case_id"], reader, former)


def _rename_in_steps(conn: Connection, case: str, reader: str, former: str) -> None:
    """An undo still finds what it has to take back."""
    query = select(_STEPS.c.step_id, _STEPS.c.effect).where(
        _STEPS.c.case_id == case, _STEPS.c.effect != ""
    )
    for step in conn.execute(query).all():
        mine = _STEPS.c.step_id == step.step_id
        effect = renamed(step.effect, reader, former)
        conn.execute(update(_STEPS).where(mine).values(effect=effect))
