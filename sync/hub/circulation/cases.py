"""Cases: what staff should look at, with both sides and an audit trail.

A case is named after what it is about and the event, so the same finding opens
it once however often it is found. What follows from the facts is found anew
whenever they change: `reconcile` opens, corrects and settles accordingly, and
opens a closed case again once either side says something else.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, insert, select

from sync.hub.circulation.case_steps import HUB, What, new_step
from sync.hub.circulation.facts import MACHINE, Fact, Finding
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema
from sync.hub.store.rows import Row

#: Better clocks move these; what staff decided holds all the same.
_TIMES = {"at", "clock", "due_on"}


class CaseState(enum.StrEnum):
    """SETTLED: a fact that came later explained it. RESOLVED: staff did."""

    OPEN = "open"
    SETTLED = "settled"
    RESOLVED = "resolved"


def open_cases(
    conn: Connection,
    findings: Sequence[Finding],
    now: dt.datetime,
    kiosk_id: str,
    item: str | None = None,
    patron_ref: str | None = None,
) -> None:
    """Open a case for each finding that has none yet."""
    if not findings:
        return
    by_id = {case_id(one): one for one in findings}
    fresh = by_id.keys() - _states(conn, by_id.keys()).keys()
    about = {
        "item": item,
        "patron_ref": patron_ref,
        "kiosk_id": kiosk_id,
        "site_id": _site(conn, kiosk_id),
        "opened_at": now,
        "steps": 0,
    }
    rows = [_new_row(by_id[name]) | about for name in sorted(fresh)]
    if rows:
        conn.execute(insert(schema.cases), rows)


def reconcile(
    work: UnitOfWork,
    scope: Iterable[Row],
    findings: Iterable[Finding],
    about: Mapping[str, Fact],
    now: dt.datetime,
) -> None:
    """Bring the cases in `scope` in line with what the facts show now.

    `about` holds the fact that each finding names. What staff resolved stays so
    as long as both sides say what they said then.
    """
    wanted = {case_id(one): _row(one, about[one.event_id]) for one in findings}
    stored = {row["case_id"]: row for row in (*scope, *work.cases.some(wanted))}
    for name, target in wanted.items():
        if name not in stored:
            work.cases.put({**target, "opened_at": now, "steps": 0})
    for name, row in stored.items():
        _bring_in_line(work, row, wanted.get(name), now)


def settle(
    conn: Connection, names: Iterable[str], now: dt.datetime, note: str = ""
) -> None:
    """Close these open cases: their ground has gone, and no staff had to look."""
    work = UnitOfWork(conn)
    for row in work.cases.some(names):
        if row["state"] == CaseState.OPEN:
            settle_case(work, row, now, note)
    work.flush()


def advance(
    work: UnitOfWork,
    row: Row,
    changes: Mapping[str, object],
    step: Mapping[str, object],
) -> None:
    """Change a case and write down why; `step` is one of `case_steps.new_step`."""
    number = row["steps"] + 1
    name = row["case_id"]
    work.cases.put({"case_id": name, **changes, "steps": number})
    identity = {"step_id": f"{name}#{number}", "case_id": name, "number": number}
    work.case_steps.put({**identity, **step})


def case_id(finding: Finding) -> str:
    """The same finding on the same event is the same case."""
    return f"{finding.kind}:{finding.event_id}"


def _new_row(finding: Finding) -> dict[str, object]:
    return {
        "case_id": case_id(finding),
        "kind": finding.kind,
        "severity": finding.severity.value,
        "state": CaseState.OPEN.value,
        "event_id": finding.event_id,
        "sides": msgspec.json.encode(dict(finding.sides)).decode(),
        "note": "",
    }


def _row(finding: Finding, fact: Fact) -> dict[str, object]:
    about = {
        "item": fact.item or None,
        "patron_ref": fact.patron_ref or None,
        "kiosk_id": fact.kiosk_id,
        "site_id": fact.site_id,
    }
    return _new_row(finding) | about


def _bring_in_line(
    work: UnitOfWork, row: Row, wanted: Mapping[str, object] | None, now: dt.datetime
) -> None:
    """Settle, open again or correct a stored case."""
    is_open = row["state"] == CaseState.OPEN
    resolved = row["state"] == CaseState.RESOLVED
    if wanted is None:
        if is_open:
            settle_case(work, row, now)
    elif is_open:
        target = {**wanted, "note": row["note"]}
        if any(row[name] != value for name, value in target.items()):
            work.cases.put(target)
    elif not resolved or _ground(row["sides"]) != _ground(str(wanted["sides"])):
        again = {**wanted, "closed_at": None, "closed_by": None, "came_back_at": now}
        advance(work, row, again, new_step(What.CAME_BACK, now, HUB))


def settle_case(work: UnitOfWork, row: Row, now: dt.datetime, note: str = "") -> None:
    """Close an open case whose ground has gone."""
    changes = {"state": CaseState.SETTLED.value, "closed_at": now}
    advance(work, row, changes, new_step(What.SETTLED, now, HUB, note=note))


def _ground(sides: str) -> object:
    """What a case rests on: who, where and what, whatever the clocks say."""
    return _without_times(msgspec.json.decode(sides))


def _without_times(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {
        name: _without_times(one) for name, one in value.items() if name not in _TIMES
    }


def _site(conn: Connection, kiosk_id: str) -> str | None:
    """Where the kiosk stands, or another maker's machine."""
    devices, machines = schema.devices.c, schema.sip2_accounts.c
    name = kiosk_id.removeprefix(MACHINE)
    query = select(devices.site_id).where(devices.kiosk_id == kiosk_id)
    if name != kiosk_id:
        query = select(machines.site_id).where(machines.name == name)
    return conn.execute(query).scalar_one_or_none()


def _states(conn: Connection, names: Iterable[str]) -> dict[str, str]:
    table = schema.cases
    rows = conn.execute(
        select(table.c.case_id, table.c.state).where(table.c.case_id.in_(tuple(names)))
    )
    return {row.case_id: row.state for row in rows}
