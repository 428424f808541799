"""Cases with both sides in words: what a kiosk recorded and what the hub knew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, case, select

from sync.hub.desk.lookups import PatronName, item_titles, patron_names, site_names
from sync.hub.store import schema

LATEST = 100
#: The hub's side of a case; everything else is what the kiosk said.
_HUB_SIDES = {"before", "hold", "stored", "verify_by", "why", "rule"}
#: For the machine, not for staff.
_LEFT_OUT = {"event_id", "body", "sent"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a side says. `name` is a message id, `kind` how to show `value`."""

    name: str
    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case: what it is about and what either side says."""

    case_id: str
    kind: str
    severity: str
    state: str
    item: str
    title: str
    patron: PatronName | None
    kiosk_id: str
    opened_at: dt.datetime
    kiosk_side: tuple[Statement, ...]
    hub_side: tuple[Statement, ...]


def find_cases(conn: Connection, state: str) -> tuple[CaseLine, ...]:
    """Return the cases in this state, any for "", the gravest first."""
    table = schema.cases
    gravity = case({"high": 0, "medium": 1}, value=table.c.severity, else_=2)
    statement = select(table).order_by(gravity, table.c.opened_at.desc()).limit(LATEST)
    if state:
        statement = statement.where(table.c.state == state)
    rows = list(conn.execute(statement).mappings())
    return _lines(conn, rows)


def _lines(conn: Connection, rows: Sequence[RowMapping]) -> tuple[CaseLine, ...]:
    sides = [msgspec.json.decode(row["sides"]) for row in rows]
    refs = [row["patron_ref"] for row in rows]
    refs += [ref for side in sides for ref in _refs(side)]
    names = _Names(patron_names(conn, refs), site_names(conn))
    titles = item_titles(conn, [row["item"] for row in rows])
    return tuple(
        CaseLine(
            case_id=row["case_id"],
            kind=row["kind"],
            severity=row["severity"],
            state=row["state"],
            item=row["item"] or "",
            title=titles.get(row["item"], ""),
            patron=names.patrons.get(row["patron_ref"]),
            kiosk_id=row["kiosk_id"],
            opened_at=row["opened_at"],
            kiosk_side=names.statements(side, hub=False),
            hub_side=names.statements(side, hub=True),
        )
        for row, side in zip(rows, sides, strict=True)
    )


def _refs(sides: Mapping[str, Any]) -> list[str]:
    return [
        side["patron_ref"]
        for side in sides.values()
        if isinstance(side, dict) and isinstance(side.get("patron_ref"), str)
    ]


@dataclass(frozen=True, slots=True)
class _Names:
    patrons: Mapping[str, PatronName]
    sites: Mapping[str, str]

    def statements(
        self, sides: Mapping[str, Any], *, hub: bool
    ) -> tuple[Statement, ...]:
        """Return what one side says, one statement per detail."""
        return tuple(
            self._statement(name, value)
            for key, side in sides.items()
            if (key in _HUB_SIDES) is hub
            for name, value in _details(key, side)
            if name not in _LEFT_OUT and value not in (None, "")
        )

    def _statement(self, name: str, value: Any) -> Statement:
        match name:
            case "patron_ref":
                return Statement(name, "patron", self.patrons.get(value))
            case "site_id":
                return Statement(name, "text", self.sites.get(value, value))
            case "at" | "occurred_at":
                return Statement(name, "time", dt.datetime.fromisoformat(value))
            case "clock" | "rule":
                return Statement(name, name, value)
            case _:
                return Statement(name, "text", value)


def _details(key: str, side: Any) -> list[tuple[str, Any]]:
    return list(side.items()) if isinstance(side, dict) else [(key, side)]
