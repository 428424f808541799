"""Staff decide a case, or take a decision back; both go through the same rules.

Within `Database.writing()`. The case is closed before what follows is worked out, so
what a decision leads to is a case of its own.
"""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, select

from sync.hub.circulation import shelf
from sync.hub.circulation.case_steps import What, new_step
from sync.hub.circulation.cases import CaseState, advance
from sync.hub.circulation.choices import Answer, CaseError, check, effect
from sync.hub.circulation.consequences import follow_all
from sync.hub.circulation.effects import Done, carry_out, take_away
from sync.hub.circulation.facts import Fact, Standing
from sync.hub.circulation.ordering import in_order
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.county import audit
from sync.hub.store import schema
from sync.hub.store.rows import Row

#: Facts that a case may be about, the one that it was opened for first.
_SIDES = ("event", "return", "loan", "before")


def resolve(
    conn: Connection, case_id: str, answer: Answer, by: audit.Actor, now: dt.datetime
) -> None:
    """Decide an open case. Raises CaseError; nothing has changed then."""
    with conn.begin_nested(), unit_of_work(conn) as work:
        case = _case(work, case_id, CaseState.OPEN)
        check(case["kind"], answer)
        wanted = effect(answer, _facts(work, case))
        done = carry_out(work, case, wanted, f"{case_id}#{case['steps'] + 1}", now)
        step = new_step(
            What.RESOLVED,
            now,
            by.name,
            choice=answer.choice.value,
            note=answer.note,
            effect=msgspec.json.encode(done).decode(),
        )
        closed = {"closed_at": now, "closed_by": by.name, "note": answer.note}
        advance(work, case, {"state": CaseState.RESOLVED.value, **closed}, step)
        if done.anything:
            follow_all(work, [case["item"]], now)
        _note(work, case, by, now, answer.choice.value, answer.note)


def undo(
    conn: Connection, case_id: str, by: audit.Actor, now: dt.datetime, note: str = ""
) -> None:
    """Take back the last decision: the case is open again, if its ground still is.

    Raises CaseError; nothing has changed then.
    """
    with conn.begin_nested(), unit_of_work(conn) as work:
        case = _case(work, case_id, CaseState.RESOLVED)
        done = _last_decision(work, case)
        take_away(work, case, done)
        reopened = {
            "state": CaseState.OPEN.value,
            "closed_at": None,
            "closed_by": None,
            "note": "",
        }
        advance(work, case, reopened, new_step(What.UNDONE, now, by.name, note=note))
        if done.anything:
            follow_all(work, [case["item"]], now)
        _note(work, case, by, now, "", note)


def _case(work: UnitOfWork, case_id: str, state: CaseState) -> Row:
    case = work.cases.get(case_id)
    if case is None:
        raise CaseError("unknown", f"there is no case {case_id!r}")
    if case["state"] != state:
        raise CaseError("state", f"{case_id} is {case['state']}, not {state.value}")
    return case


def _facts(work: UnitOfWork, case: Row) -> dict[str, Fact]:
    """The facts of a case by their side, dated as the item's history has them."""
    sides = msgspec.json.decode(case["sides"], type=dict[str, object])
    known = shelf.facts_of(work, case["item"]) if case["item"] else ()
    firm = [one for one in known if one.standing is Standing.FIRM]
    by_id = {one.fact_id: one for one in in_order(firm)}
    named = {name: _named(sides.get(name)) for name in _SIDES}
    return {name: by_id[key] for name, key in named.items() if key in by_id}


def _named(side: object) -> str:
    name = side.get("event_id") if isinstance(side, dict) else None
    return name if isinstance(name, str) else ""


def _last_decision(work: UnitOfWork, case: Row) -> Done:
    """What the step did that closed the case. Raises CaseError if that was no choice."""
    table = schema.case_steps.c
    query = (
        select(table.effect)
        .where(table.case_id == case["case_id"], table.what == What.RESOLVED.value)
        .order_by(table.number.desc())
        .limit(1)
    )
    stored = work.ask(query).scalar_one_or_none()
    if not stored:
        raise CaseError("no_undo", f"{case['case_id']} was not decided at the desk")
    return msgspec.json.decode(stored, type=Done)


def _note(
    work: UnitOfWork,
    case: Row,
    by: audit.Actor,
    now: dt.datetime,
    choice: str,
    note: str,
) -> None:
    """In the county's audit log as well: it knows from where staff acted."""
    what = "case.resolve" if choice else "case.undo"
    about = f"case:{case['case_id']}"
    audit.note(work.conn, by, what, about, now, after={"choice": choice}, reason=note)
