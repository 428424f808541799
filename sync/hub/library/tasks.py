"""The queue towards the library system as rows: what is next, and what became of it.

Every step is a transaction of its own. `sending` stands in the database before the
first byte leaves, so a death at any place leaves either nothing or a doubt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from sync.hub.library.task_log import TaskState
from sync.hub.library.telling import Doubt
from sync.hub.store import schema

_TASKS, _FACTS = schema.library_tasks, schema.facts
#: What the library system still has to learn, or may have learnt.
OPEN = (TaskState.WAITING.value, TaskState.SENDING.value, TaskState.UNKNOWN.value)


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the queue; `fact_id` is the fact that the library system is to learn."""

    fact_id: str
    state: TaskState
    attempts: int
    due_before: dt.date | None
    note: str

    @property
    def doubt(self) -> Doubt | None:
        unknown = self.state is TaskState.UNKNOWN
        return Doubt(self.due_before) if unknown else None

    @property
    def told(self) -> bool:
        """The library system has it; a note says why it was not told."""
        return self.state is TaskState.DONE and not self.note


def next_item(conn: Connection, now: dt.datetime) -> str | None:
    """The item whose turn it is: nothing of it has to wait, and it came first.

    Whatever was put off comes after what was not.
    """
    blocked = (
        select(_FACTS.c.item)
        .join(_TASKS, _TASKS.c.fact_id == _FACTS.c.fact_id)
        .where(_TASKS.c.state.in_(OPEN), _TASKS.c.not_before > now)
    )
    query = (
        select(_FACTS.c.item)
        .join(_TASKS, _TASKS.c.fact_id == _FACTS.c.fact_id)
        .where(_TASKS.c.state.in_(OPEN), _FACTS.c.item.not_in(blocked))
        .order_by(_TASKS.c.not_before, _TASKS.c.queued_at, _TASKS.c.fact_id)
        .limit(1)
    )
    item: str | None = conn.execute(query).scalar_one_or_none()
    return item


def tasks_of(conn: Connection, fact_ids: Iterable[str]) -> dict[str, Task]:
    """The tasks of these facts, by fact id."""
    columns = [_TASKS.c[name] for name in Task.__dataclass_fields__]
    rows = conn.execute(select(*columns).where(_TASKS.c.fact_id.in_(tuple(fact_ids))))
    found = (
        Task(**{**row, "state": TaskState(row["state"])}) for row in rows.mappings()
    )
    return {task.fact_id: task for task in found}


def doubt_what_was_sent(conn: Connection) -> int:
    """Whoever was sending is dead; returns how many tasks are now in doubt."""
    sending = _TASKS.c.state == TaskState.SENDING.value
    query = update(_TASKS).where(sending).values(state=TaskState.UNKNOWN.value)
    return conn.execute(query).rowcount


def begin(
    conn: Connection, task: Task, now: dt.datetime, due_before: dt.date | None
) -> None:
    """The bytes are about to leave."""
    _set(
        conn,
        task,
        state=TaskState.SENDING.value,
        attempts=task.attempts + 1,
        sent_at=now,
        due_before=due_before,
    )


def put_off(conn: Connection, task: Task, until: dt.datetime, why: str) -> None:
    """As it was before `begin`: nothing was sent, and it has cost no attempt."""
    _set(
        conn,
        task,
        state=task.state.value,
        attempts=task.attempts,
        due_before=task.due_before,
        not_before=until,
        note=why,
    )


def doubt(conn: Connection, task: Task, until: dt.datetime, why: str) -> None:
    """It was sent, and nobody knows what became of it."""
    _set(conn, task, state=TaskState.UNKNOWN.value, not_before=until, note=why)


def done(
    conn: Connection, task: Task, now: dt.datetime, due_on: dt.date | None, note: str
) -> None:
    """It is so there now; `note` says why if it never was told."""
    _set(
        conn,
        task,
        state=TaskState.DONE.value,
        finished_at=now,
        due_on=due_on,
        note=note,
    )


def refused(conn: Connection, task: Task, now: dt.datetime, reason: str) -> None:
    _set(conn, task, state=TaskState.REFUSED.value, finished_at=now, note=reason)


def retry(conn: Connection, fact_ids: Iterable[str], now: dt.datetime) -> list[str]:
    """Put refused ones, all of them for none, back in the queue; returns which."""
    wanted = tuple(fact_ids)
    query = update(_TASKS).where(_TASKS.c.state == TaskState.REFUSED.value)
    if wanted:
        query = query.where(_TASKS.c.fact_id.in_(wanted))
    again = query.values(
        state=TaskState.UNKNOWN.value, attempts=0, not_before=now, finished_at=None
    )
    return sorted(conn.execute(again.returning(_TASKS.c.fact_id)).scalars())


@dataclass(frozen=True, slots=True)
class Status:
    """How many tasks are in each state, and since when the oldest one waits.

    `note`: what kept the last one that could not be told.
    """

    counts: dict[str, int]
    oldest: dt.datetime | None
    note: str


def status(conn: Connection) -> Status:
    rows = conn.execute(select(_TASKS.c.state, func.count()).group_by(_TASKS.c.state))
    counts = dict.fromkeys((state.value for state in TaskState), 0)
    counts.update((state, number) for state, number in rows)
    waits = _TASKS.c.state.in_(OPEN)
    oldest = select(func.min(_TASKS.c.queued_at)).where(waits)
    latest = select(_TASKS.c.note).where(waits).order_by(_TASKS.c.not_before.desc())
    return Status(
        counts,
        conn.execute(oldest).scalar_one(),
        conn.execute(latest.limit(1)).scalar_one_or_none() or "",
    )


def _set(conn: Connection, task: Task, **values: object) -> None:
    conn.execute(
        update(_TASKS).where(_TASKS.c.fact_id == task.fact_id).values(**values)
    )
