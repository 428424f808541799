"""The same events in many orders of arrival, and the state that they leave."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from sync.hub.circulation.cases import CaseState
from sync.hub.intake.ingest import Sender, ingest
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.protocol import Batch, Event, Outcome
from tests.integration.hub_world import DAY, NOON, County

#: When everything arrives; what happened is long over by then.
LATE = NOON + 40 * DAY
SITES_OF = {"k1": "A", "k2": "B", "k3": "B"}

State = dict[str, list[dict[str, Any]]]


def state_after(county: County, batches: Iterable[Sequence[Event]]) -> State:
    """What these batches leave behind, and then leave no trace of it."""
    with county.hub.database.engine.connect() as conn, conn.begin() as trial:
        late = [event for batch in batches for event in _deferred(conn, batch)]
        for event in late:
            assert not list(_deferred(conn, [event]))
        state = _state(conn)
        trial.rollback()
    return state


def end_the_same(county: County, events: Sequence[Event], dice: random.Random) -> None:
    """What these events come to is the same in two other orders."""
    in_order = state_after(county, one_by_one(events))

    for _ in range(2):
        assert state_after(county, shuffled(events, dice)) == in_order


def one_by_one(events: Iterable[Event]) -> list[list[Event]]:
    return [[event] for event in events]


def shuffled(events: Sequence[Event], dice: random.Random) -> list[list[Event]]:
    """Any order, some events twice, in batches as large as they may be."""
    order = [*events, *dice.sample(events, k=len(events) // 3)]
    dice.shuffle(order)
    runs = [list(run) for _, run in groupby(order, lambda one: one.kiosk_id)]
    return [batch for run in runs for batch in _split(run, dice)]


def _split(run: list[Event], dice: random.Random) -> list[list[Event]]:
    """Ascending numbers within a batch, and none twice."""
    batches: list[list[Event]] = []
    for event in run:
        fits = batches and batches[-1][-1].seq < event.seq
        if fits and dice.random() < 0.7:
            batches[-1].append(event)
        else:
            batches.append([event])
    return batches


def _deferred(conn: Connection, batch: Sequence[Event]) -> list[Event]:
    """Hand over a batch; returns what has to be sent again."""
    body = msgspec.json.encode(Batch(events=tuple(batch)))
    kiosk_id = batch[0].kiosk_id
    sender = Sender(kiosk_id, SITES_OF[kiosk_id])
    taken = ingest(conn, sender, read_batch(body), LATE)
    pairs = zip(batch, taken.verdicts, strict=True)
    return [event for event, said in pairs if said.outcome is Outcome.DEFERRED]


def _state(conn: Connection) -> State:
    """Loans, items, holds, transfers and cases; not when a case came and went."""
    cases = schema.cases
    open_cases = cases.c.state != CaseState.SETTLED.value
    return {
        "loans": _rows(conn, select(schema.loans)),
        "items": _rows(conn, select(schema.items)),
        "titles": _rows(conn, select(schema.titles)),
        "holds": _rows(conn, select(schema.holds)),
        "transfers": _rows(conn, select(schema.transfers)),
        "cases": [
            {**row, "opened_at": None, "came_back_at": None, "steps": 0}
            for row in _rows(conn, select(cases).where(open_cases))
        ],
    }


def _rows(conn: Connection, query: Any) -> list[dict[str, Any]]:
    rows = [dict(row) for row in conn.execute(query).mappings()]
    return sorted(rows, key=lambda row: str(next(iter(row.values()))))
