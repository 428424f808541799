"""Loans and returns as facts for the hub to decide upon."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kiosk.domain.values import Item, ItemState, Patron, PatronState
from sync.hub.circulation.circulation import Decision, decide_loan
from sync.hub.circulation.facts import (
    Fact,
    Finding,
    History,
    Move,
    Records,
    Severity,
    Standing,
)
from sync.hub.circulation.history import replay
from sync.hub.circulation.limits import Borrowed, breaches
from sync.hub.circulation.remarks import remarks
from sync.hub.county.default_rules import default_rules
from sync.protocol import Clock

NOON = dt.datetime(2026, 7, 3, 4, 0, tzinfo=dt.UTC)  # 12:00 in the county
TODAY = dt.date(2026, 7, 3)
HOUR = dt.timedelta(hours=1)
DUE = dt.date(2026, 8, 2)
RULES = default_rules("CN-629900-1-YLT", "00" * 16)
ITEM = Item("B1", "t1", "BOOK", ItemState.LENDABLE, "CN-629900-1-YLT", "A", "A")
ANNA = Patron("anna", "ADULT", PatronState.VALID, "安*")

#: Bounds of a time where a test names none.
_DOUBT = {
    Clock.SYNCED: dt.timedelta(seconds=5),
    Clock.RTC: dt.timedelta(minutes=10),
    Clock.GUESSED: dt.timedelta(days=7),
}


def lend(patron: str, hours: float = 0, kiosk: str = "k1", **fields: Any) -> Fact:
    return fact_of(
        Move.LEND,
        hours,
        kiosk,
        {"patron_ref": patron, "loan_ref": f"ref-{patron}-{hours}", "due_on": DUE}
        | fields,
    )


def give_back(hours: float, kiosk: str = "k1", **fields: Any) -> Fact:
    return fact_of(Move.RETURN, hours, kiosk, fields)


def renew(patron: str, hours: float, kiosk: str = "k1", **fields: Any) -> Fact:
    return fact_of(Move.RENEW, hours, kiosk, {"patron_ref": patron} | fields)


def fact_of(move: Move, hours: float, kiosk: str, fields: dict[str, Any]) -> Fact:
    seq = fields.get("seq", int(hours * 100))
    values: dict[str, Any] = {
        "fact_id": f"{kiosk}-{seq}-{move}",
        "item": "B1",
        "move": move,
        "standing": Standing.FIRM,
        "at": NOON + hours * HOUR,
        "clock": Clock.SYNCED,
        "kiosk_id": kiosk,
        "epoch": "e1",
        "seq": seq,
        "site_id": {"k1": "A", "k2": "B"}[kiosk],
        "records": records(),
    }
    values |= fields
    doubt = _DOUBT[values["clock"]]
    bounds = {"earliest": values["at"] - doubt, "latest": values["at"] + doubt}
    return Fact(**(bounds | values))


def records(**changes: Any) -> Records:
    """What the county knows of the item and its reader."""
    return dataclasses.replace(Records(RULES.version, ANNA, ITEM), **changes)


def kinds(findings: Sequence[Finding]) -> dict[str, Severity]:
    return {finding.kind: finding.severity for finding in findings}


@dataclass(frozen=True)
class Seen:
    """What the hub made of a fact after others."""

    decision: Decision
    after: History
    findings: tuple[Finding, ...]


def loan_seen(fact: Fact, before: Sequence[Fact] = (), **known: bool) -> Seen:
    facts = [*before, fact]
    after = replay(facts)
    by_id = {one.fact_id: one for one in facts}
    borrowed = [Borrowed(loan, by_id[loan.loan_id]) for loan in after.loans]
    findings = (
        *after.findings,
        *remarks(facts, **{"item_known": True} | known),
        *breaches(borrowed, NOON - 1000 * HOUR, {RULES.version: RULES}),
    )
    return Seen(decide_loan(fact, after, findings), after, findings)
