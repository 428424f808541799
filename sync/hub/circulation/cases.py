"""Cases: what staff should look at, with both sides and an audit trail.

A case is named after what it is about and the event, so the same finding opens
it once however often it is found. What follows from the facts is found anew
whenever they change: `reconcile` opens, corrects and settles accordingly.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, insert, select

from sync.hub.circulation.facts import Fact, Finding
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema
from sync.hub.store.rows import Row


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
        "opened_at": now,
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

    `about` holds the fact that each finding names. What staff resolved stays so.
    """
    wanted = {case_id(one): _row(one, about[one.event_id]) for one in findings}
    stored = {row["case_id"]: row for row in (*scope, *work.cases.some(wanted))}
    for name, target in wanted.items():
        if name not in stored:
            work.cases.put({**target, "opened_at": now})
    for name, row in stored.items():
        changes = _changes(row, wanted.get(name), now)
        if changes:
            work.cases.put({"case_id": name, **changes})


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
    }
    return _new_row(finding) | about


def _changes(
    stored: Row, wanted: Mapping[str, object] | None, now: dt.datetime
) -> dict[str, object]:
    """What a stored case is to become; nothing if staff resolved it."""
    if stored["state"] == CaseState.RESOLVED:
        return {}
    if wanted is None:
        is_open = stored["state"] == CaseState.OPEN
        return {"state": CaseState.SETTLED.value, "closed_at": now} if is_open else {}
    target = {**wanted, "closed_at": None, "note": stored["note"]}
    return {name: value for name, value in target.items() if stored[name] != value}


def _states(conn: Connection, names: Iterable[str]) -> dict[str, str]:
    table = schema.cases
    rows = conn.execute(
        select(table.c.case_id, table.c.state).where(table.c.case_id.in_(tuple(names)))
    )
    return {row.case_id: row.state for row in rows}
