"""One item's old loans without their readers; how it was handled reads as before."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, select

from sync.hub.circulation import holds, shelf
from sync.hub.circulation.facts import Fact, Records, provisional_title
from sync.hub.circulation.former import former_reader
from sync.hub.circulation.history import replay
from sync.hub.circulation.ordering import in_order
from sync.hub.circulation.reading import NOBODY
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.privacy.cases import forget_in_cases
from sync.hub.privacy.due import Scope, due_facts, is_person
from sync.hub.privacy.events import forget_in_events
from sync.hub.privacy.renaming import records_without, renamed
from sync.hub.store import schema
from sync.hub.store.rows import Row

_TOKEN_BYTES = 8


def forget_item(conn: Connection, item: str, scope: Scope) -> Counter[str] | None:
    """Forget who had it, and how much that was; None if its history would change."""
    with conn.begin_nested() as savepoint:
        before = _picture(conn, item)
        forgotten = _forget(conn, item, scope)
        if forgotten and _picture(conn, item) != before:
            savepoint.rollback()
            return None
    return forgotten


def forget_facts(conn: Connection, reader: str, names: Collection[str]) -> Counter[str]:
    """Let one new name that leads nowhere stand for the reader of these facts.

    What a kiosk recorded may be another name, if staff have ruled who it was.
    """
    former = former_reader(secrets.token_hex(_TOKEN_BYTES))
    work = UnitOfWork(conn)
    rows = work.facts.some(names)
    known_as = {reader, *(row["patron_ref"] for row in rows)}
    for row in rows:
        work.facts.put(
            {
                "fact_id": row["fact_id"],
                "patron_ref": former if is_person(row["patron_ref"]) else NOBODY,
                "records": records_without(_records(work, row), former),
                "ruling": row["ruling"] and renamed(row["ruling"], reader, former),
            }
        )
    loans = work.loans.some(names)
    for row in loans:
        work.loans.put({"loan_id": row["loan_id"], "patron_ref": former})
    for row in work.holds.some(names):
        work.holds.put({"hold_id": row["hold_id"], "patron_ref": former})
    work.flush()
    events = forget_in_events(conn, former, names)
    cases = {
        case
        for name in filter(is_person, known_as)
        for case in forget_in_cases(conn, name, former, names)
    }
    return Counter(facts=len(names), loans=len(loans), events=events, cases=len(cases))


def _records(work: UnitOfWork, row: Row) -> Records:
    """With the reader whom the county has come to know after the fact came."""
    records = msgspec.json.decode(row["records"], type=Records)
    if records.patron is None:
        (fact,) = shelf.facts(work, [row])
        records = replace(records, patron=fact.records.patron)
    return records


def _forget(conn: Connection, item: str, scope: Scope) -> Counter[str]:
    work = UnitOfWork(conn)
    facts = _dated(shelf.facts_of(work, item))
    loans = [shelf.loan_record(row) for row in work.loans.having("item", item)]
    due = due_facts(facts, loans, scope)
    forgotten: Counter[str] = Counter()
    for reader, names in due.items():
        filled = _holds_filled(conn, names)
        forgotten += forget_facts(conn, reader, names | filled)
    return forgotten


def _dated(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """As they are played; what does not count there, as it was recorded."""
    known = tuple(facts)
    played = {fact.fact_id: fact for fact in in_order(known)}
    return tuple(played.get(fact.fact_id, fact) for fact in known)


def _holds_filled(conn: Connection, names: Collection[str]) -> frozenset[str]:
    """The holds that these loans ended; they must go on being the same reader's."""
    table = schema.holds.c
    rows = conn.execute(select(table.hold_id).where(table.filled_by.in_(names)))
    return frozenset(rows.scalars())


def _picture(conn: Connection, item: str) -> object:
    """Everything that follows from the facts about an item, but who its readers were."""
    work = UnitOfWork(conn)
    history = replay(shelf.facts_of(work, item))
    loans = [
        (loan.loan_id, loan.loaned_at, loan.due_on, loan.renewed, loan.closed_by)
        for loan in history.loans
    ]
    found = sorted((one.kind, one.event_id) for one in history.findings)
    record = work.item(item)
    title_id = record.title_id if record else provisional_title(item)
    return loans, found, hold_states(work, title_id)


def hold_states(work: UnitOfWork, title_id: str) -> object:
    """What became of each hold on a title."""
    return sorted(
        (hold.fact.fact_id, hold.state.value, hold.filled_by or "")
        for hold in holds.on_title(work, title_id)
    )
