"""Loans and returns as facts for the hub to decide upon."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from kiosk.domain.values import Item, ItemState, Patron, PatronState
from sync.hub.circulation import (
    Decision,
    Known,
    decide_loan,
)
from sync.hub.default_rules import default_rules
from sync.hub.facts import Fact, History, Move, Severity, Standing
from sync.hub.history import replay
from sync.protocol import Clock

NOON = dt.datetime(2026, 7, 3, 4, 0, tzinfo=dt.UTC)  # 12:00 in the county
TODAY = dt.date(2026, 7, 3)
HOUR = dt.timedelta(hours=1)
DUE = dt.date(2026, 8, 2)
RULES = default_rules("CN-629900-1-YLT", "00" * 16)
ITEM = Item("B1", "t1", "BOOK", ItemState.LENDABLE, "CN-629900-1-YLT", "A", "A")
ANNA = Patron("anna", "ADULT", PatronState.VALID, "安*")


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
    }
    return Fact(**(values | fields))


def known(**changes: Any) -> Known:
    return dataclasses.replace(Known(RULES, ITEM, ANNA), **changes)


def kinds(decision: Decision) -> dict[str, Severity]:
    return {finding.kind: finding.severity for finding in decision.findings}


def loan_decision(
    fact: Fact, before: Sequence[Fact] = (), what: Known | None = None
) -> tuple[Decision, History]:
    after = replay([*before, fact])
    return decide_loan(fact, what or known(), after), after
