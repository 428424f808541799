"""What the library system is to be told of an item next, by all facts known now.

It learns what a fact has come to mean in the item's history, in the order in which
things happened, and never something that a thing it knows already has overtaken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.hub.circulation import shelf
from sync.hub.circulation.facts import Fact, History, HowClosed, Move, Standing
from sync.hub.circulation.history import replay
from sync.hub.circulation.ordering import in_order
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.library.port import Lending, Renewal, TakingBack
from sync.hub.library.task_log import TaskState
from sync.hub.library.tasks import OPEN, Task, tasks_of
from sync.hub.library.telling import Order

#: Why nothing is told: a later fact was told before; it changed nothing; staff have
#: ruled that it never happened.
LATE, NO_EFFECT, NOT_SO = "late", "no_effect", "not_so"
#: The county has no card number for who took it.
PATRON_UNKNOWN = "patron_unknown"

_WITHOUT_EFFECT = {"renewal_without_loan", "renewal_not_given", "loan_repeated"}


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is to be told; `note` is one of the words above."""

    note: str


@dataclass(frozen=True, slots=True)
class Untellable:
    """It should be told and can't be; `reason` is one of the words above."""

    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A task that is next, its fact as it stands now, and what is to be told."""

    task: Task
    fact: Fact
    order: Order | Skip | Untellable


def next_job(work: UnitOfWork, item: str) -> Job | None:
    """The first of an item's tasks; one that may have been done comes before all."""
    facts = {fact.fact_id: fact for fact in shelf.facts_of(work, item)}
    tasks = tasks_of(work.conn, facts)
    firm = [fact for fact in facts.values() if fact.standing is Standing.FIRM]
    happened = in_order(firm)
    places = {fact.fact_id: place for place, fact in enumerate(happened)}
    waiting = [task for task in tasks.values() if task.state.value in OPEN]
    if not waiting:
        return None
    task = min(waiting, key=lambda one: _turn(one, places))
    place = places.get(task.fact_id)
    if place is None:
        return Job(task, facts[task.fact_id], Skip(NOT_SO))
    fact = happened[place]
    overtaken = _overtaken(happened[place + 1 :], tasks)
    order = Skip(LATE) if overtaken else _order(work, fact, replay(firm))
    return Job(task, fact, order)


def _turn(task: Task, places: Mapping[str, int]) -> tuple[bool, int]:
    return (task.state is TaskState.WAITING, places.get(task.fact_id, -1))


def _overtaken(later: Sequence[Fact], tasks: Mapping[str, Task]) -> bool:
    return any(fact.fact_id in tasks and tasks[fact.fact_id].told for fact in later)


def _order(work: UnitOfWork, fact: Fact, history: History) -> Order | Skip | Untellable:
    if fact.move is Move.RETURN:
        return Order(TakingBack(fact.item, fact.at))
    kinds = {one.kind for one in history.findings if one.event_id == fact.fact_id}
    if kinds & _WITHOUT_EFFECT:
        return Skip(NO_EFFECT)
    patron = work.patrons.get(fact.patron_ref)
    if patron is None:
        return Untellable(PATRON_UNKNOWN)
    number: str = patron["number"]
    if history.begun_by(fact.fact_id) is None:
        return Order(Renewal(number, fact.item, fact.at, fact.due_on))
    ended = history.ended_by(fact.fact_id)
    displaces = ended is not None and ended.how_closed is HowClosed.UNRECORDED
    return Order(Lending(number, fact.item, fact.at, fact.due_on), displaces)
