"""One case with all that is known: what each device recorded, what the hub knew then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, select

from sync.hub.circulation.choices import Choice, choices
from sync.hub.circulation.facts import Records
from sync.hub.circulation.rulings import Ruling, ruling_of
from sync.hub.desk.lookups import PatronName, item_titles, names_of_sites, patron_names
from sync.hub.store import schema
from sync.hub.store.rows import one
from sync.protocol import Clock

#: What one device said each; everything else in a case's sides is the hub's.
_DEVICES = ("event", "return", "loan", "before", "hold")
#: For the machine, not for staff.
_LEFT_OUT = {"event_id", "body", "sent"}
#: A clock that was set by the network is shown to the second; less than this apart
#: two times are the same to a reader.
_SURE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DeviceSide:
    """What one device recorded. `name`: which side of the case it is.

    `at` is the corrected time; where no clock was known it surely lies between
    `earliest` and `latest`, else both are None. `own_time` is the device's word.
    """

    name: str
    kiosk_id: str
    site: str
    patron: PatronName | None
    at: dt.datetime
    earliest: dt.datetime | None
    latest: dt.datetime | None
    own_time: dt.datetime
    own_clock: str
    received_at: dt.datetime
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Known:
    """What the county's records said when the event came; "" for nothing."""

    patron_state: str
    patron_type: str
    item_state: str
    rules_version: int


@dataclass(frozen=True, slots=True)
class StepLine:
    at: dt.datetime
    who: str
    what: str
    choice: str
    note: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """`details`: what else the case says, by message id. `choices`: best first."""

    case_id: str
    kind: str
    severity: str
    state: str
    item: str
    title: str
    patron: PatronName | None
    site_id: str | None
    site: str
    kiosk_id: str
    opened_at: dt.datetime
    came_back_at: dt.datetime | None
    devices: tuple[DeviceSide, ...]
    known: Known | None
    details: Mapping[str, Any]
    choices: tuple[Choice, ...]
    steps: tuple[StepLine, ...]

    @property
    def can_undo(self) -> bool:
        """Whether a choice closed it; other ways of closing have their own undo."""
        return self.state == "resolved" and any(one.choice for one in self.steps)


def view_case(conn: Connection, case_id: str) -> CaseView | None:
    """Return everything about one case."""
    row = one(conn, schema.cases, case_id)
    if row is None:
        return None
    sides: dict[str, Any] = msgspec.json.decode(row["sides"])
    facts = _facts(conn, sides)
    refs = [row["patron_ref"], *(fact["patron_ref"] for fact in facts.values())]
    places = [row["site_id"], *(fact["site_id"] for fact in facts.values())]
    patrons, sites = patron_names(conn, refs), names_of_sites(conn, places)
    return CaseView(
        case_id=case_id,
        kind=row["kind"],
        severity=row["severity"],
        state=row["state"],
        item=row["item"] or "",
        title=item_titles(conn, [row["item"]]).get(row["item"], ""),
        patron=patrons.get(row["patron_ref"]),
        site_id=row["site_id"],
        site=sites.get(row["site_id"], row["site_id"] or ""),
        kiosk_id=row["kiosk_id"],
        opened_at=row["opened_at"],
        came_back_at=row["came_back_at"],
        devices=tuple(
            _device(name, fact, patrons, sites) for name, fact in facts.items()
        ),
        known=_known(next(iter(facts.values()), None)),
        details=_details(sides),
        choices=choices(row["kind"]),
        steps=_steps(conn, case_id),
    )


def _facts(conn: Connection, sides: Mapping[str, Any]) -> dict[str, RowMapping]:
    """The facts of the sides, the event first."""
    named = {
        name: sides[name]["event_id"]
        for name in _DEVICES
        if isinstance(sides.get(name), dict) and "event_id" in sides[name]
    }
    table = schema.facts
    rows = conn.execute(select(table).where(table.c.fact_id.in_(named.values())))
    by_id = {row["fact_id"]: row for row in rows.mappings()}
    return {name: by_id[key] for name, key in named.items() if key in by_id}


def _device(
    name: str,
    fact: RowMapping,
    patrons: Mapping[str, PatronName],
    sites: Mapping[str, str],
) -> DeviceSide:
    unsure = fact["latest"] - fact["earliest"] > _SURE or fact["clock"] != Clock.SYNCED
    return DeviceSide(
        name=name,
        kiosk_id=fact["kiosk_id"],
        site=sites.get(fact["site_id"], fact["site_id"]),
        patron=patrons.get(fact["patron_ref"]),
        at=fact["at"],
        earliest=fact["earliest"] if unsure else None,
        latest=fact["latest"] if unsure else None,
        own_time=fact["recorded_at"],
        own_clock=fact["recorded_clock"],
        received_at=fact["received_at"],
        ruling=ruling_of(fact["ruling"]),
    )


def _known(fact: RowMapping | None) -> Known | None:
    if fact is None:
        return None
    records = msgspec.json.decode(fact["records"], type=Records)
    return Known(
        patron_state=records.patron.state.value if records.patron else "",
        patron_type=records.patron.patron_type if records.patron else "",
        item_state=records.item.state.value if records.item else "",
        rules_version=records.rules_version,
    )


def _details(sides: Mapping[str, Any]) -> dict[str, Any]:
    """What the sides say besides who, where and when; inner values by their name."""
    found: dict[str, Any] = {}
    for name, side in sides.items():
        if isinstance(side, dict) and name not in _DEVICES:
            found |= side
        elif not isinstance(side, dict):
            found[name] = side
    return {
        name: value
        for name, value in found.items()
        if name not in _LEFT_OUT and value not in (None, "")
    }


def _steps(conn: Connection, case_id: str) -> tuple[StepLine, ...]:
    table = schema.case_steps.c
    query = (
        select(table.at, table.who, table.what, table.choice, table.note)
        .where(table.case_id == case_id)
        .order_by(table.number)
    )
    return tuple(StepLine(*row) for row in conn.execute(query))
