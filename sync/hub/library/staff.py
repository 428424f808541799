"""What the library system will not have, put before staff as a case."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from kiosk.domain.values import COUNTY_TIME
from sync.hub.circulation import cases
from sync.hub.circulation.facts import Fact, Finding, Severity, side
from sync.hub.circulation.unit_of_work import unit_of_work

REFUSED = "library_refused"
DUE_EARLIER = "library_due_earlier"


def put_before_staff(
    conn: Connection, fact: Fact, reason: str, now: dt.datetime
) -> None:
    """Open a case, or open it again. `reason`: a word of ours or what was answered."""
    refused_at = f"{now.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}"
    sides = {"event": side(fact), "why": reason, "refused_at": refused_at}
    _open(conn, fact, Finding(REFUSED, Severity.HIGH, fact.fact_id, sides), now)


def settle(
    conn: Connection, fact: Fact, due_on: dt.date | None, now: dt.datetime
) -> None:
    """It is known there now: the case is over. Staff learn of an earlier `due_on`."""
    cases.settle(conn, [f"{REFUSED}:{fact.fact_id}"], now)
    if due_on is not None and due_on < fact.due_on:
        sides = {"event": side(fact), "library": {"due_on": due_on.isoformat()}}
        finding = Finding(DUE_EARLIER, Severity.LOW, fact.fact_id, sides)
        _open(conn, fact, finding, now)


def _open(conn: Connection, fact: Fact, finding: Finding, now: dt.datetime) -> None:
    with unit_of_work(conn) as work:
        cases.reconcile(work, [], [finding], {fact.fact_id: fact}, now)
