"""Cases: what staff should look at, with both sides and an audit trail.

A case is named after what it is about and the event, so the same finding opens
it once however often it is found.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from sync.hub import schema
from sync.hub.facts import Finding

#: Found by playing an item's history; a later fact may settle them.
HISTORY_KINDS = (
    "loan_displaced",
    "loans_overlap",
    "loan_renewed_by_loan",
    "loan_repeated",
    "return_or_loan_first",
)


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


def settle_history(
    conn: Connection, item: str, findings: Sequence[Finding], now: dt.datetime
) -> None:
    """Bring an item's history cases in line with what its history shows now."""
    table = schema.cases
    shown = {case_id(one) for one in findings}
    stored = conn.execute(
        select(table.c.case_id, table.c.state).where(
            table.c.item == item, table.c.kind.in_(HISTORY_KINDS)
        )
    )
    for row in stored.all():
        if row.state == CaseState.OPEN and row.case_id not in shown:
            _set_state(conn, row.case_id, CaseState.SETTLED, now)
        elif row.state == CaseState.SETTLED and row.case_id in shown:
            _set_state(conn, row.case_id, CaseState.OPEN, None)


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


def _set_state(
    conn: Connection, name: str, state: CaseState, closed_at: dt.datetime | None
) -> None:
    table = schema.cases
    conn.execute(
        update(table)
        .where(table.c.case_id == name)
        .values(state=state.value, closed_at=closed_at)
    )


def _states(conn: Connection, names: Iterable[str]) -> dict[str, str]:
    table = schema.cases
    rows = conn.execute(
        select(table.c.case_id, table.c.state).where(table.c.case_id.in_(tuple(names)))
    )
    return {row.case_id: row.state for row in rows}
