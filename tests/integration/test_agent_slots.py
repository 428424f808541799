"""The agent while the hub lets it wait: the backlog keeps its slot, an ask does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.bell import Bell, agent_bell
from sync.agent.errors import HubBusy
from sync.protocol import MAX_BATCH, Event, Kind, Mode
from tests.integration.agent_world import World, everything_arrived, world
from tests.integration.scripted_hub import Reply, problem
from tests.waiting import eventually

SLOT_S = 600
SLOT = problem(503, "busy", Retry_After=str(SLOT_S))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """Hub and agent have met already: all that follows is about events."""
    with world(tmp_path) as made:
        made.agent.turn()
        yield made


def test_an_ask_does_not_wait_for_the_slot_of_the_backlog(here: World) -> None:
    backlog = here.ledger.record(3)
    with waiting_for_its_slot(here, SLOT):
        ask = an_ask(here)
        ring(here)
        eventually(lambda: here.hub.arrivals, "the ask")
        ring(here)

        assert here.hub.arrivals == [(ask.seq,)]
        assert here.agent.pending == len(backlog)


def test_what_an_ask_depends_on_goes_along_in_its_lane(here: World) -> None:
    here.ledger.record(2)
    (lent,) = here.ledger.record(item="B-other", patron="p")
    (returned,) = here.ledger.record(item="B-ask")
    with waiting_for_its_slot(here, SLOT):
        ask = an_ask(here)
        ring(here)
        eventually(lambda: here.hub.arrivals, "the ask")

    assert here.hub.arrivals[0] == (lent.seq, returned.seq, ask.seq)


def test_a_ring_without_an_ask_leaves_the_hub_alone(here: World) -> None:
    here.ledger.record(3)
    with waiting_for_its_slot(here, SLOT):
        before = len(here.hub.requests)
        here.ledger.record(1)
        ring(here)
        ask = an_ask(here)
        ring(here)
        eventually(lambda: here.hub.arrivals, "the ask, and nothing else")

        assert here.hub.arrivals == [(ask.seq,)]
        assert set(here.hub.requests[before:]) == {"POST /v1/events"}


def test_the_backlog_goes_when_its_slot_has_come(here: World) -> None:
    here.ledger.record(3)
    with waiting_for_its_slot(here, SLOT):
        as_time_goes_on(here, lambda: everything_arrived(here), "the backlog")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_hub_that_refuses_is_asked_all_the_same(here: World, status: int) -> None:
    here.ledger.record(MAX_BATCH)
    with waiting_for_its_slot(here, problem(status, "")):
        ask = an_ask(here)
        ring(here)
        eventually(lambda: here.hub.arrivals, "the ask")

    assert here.hub.arrivals[0] == (ask.seq,)


def test_a_hub_that_is_away_gets_the_ask_with_all_the_rest(here: World) -> None:
    here.ledger.record(3)
    with waiting_for_its_slot(here, Reply(cut=0)):
        an_ask(here)
        ring(here)
        as_time_goes_on(here, lambda: here.hub.arrivals, "the next try")

    assert here.hub.arrivals == [(1, 2, 3, 4)]


def test_a_slot_is_not_held_against_the_link(here: World) -> None:
    here.ledger.record(3)
    here.hub.faults.extend([SLOT] * 4)

    for _ in range(4):
        here.agent.turn()

    assert here.online()


def test_asks_that_get_a_slot_are_held_against_the_link(here: World) -> None:
    here.ledger.record(3)
    an_ask(here)
    here.hub.faults.extend([SLOT] * 4)

    errors = [here.agent.turn() for _ in range(4)]

    assert all(isinstance(error, HubBusy) for error in errors)
    assert not here.online()


@contextmanager
def waiting_for_its_slot(here: World, answer: Reply) -> Iterator[None]:
    """The agent at work; it was answered so, and now keeps away."""
    here.hub.only = "/v1/events"
    here.hub.faults.append(answer)
    thread = threading.Thread(target=here.agent.run)
    thread.start()
    try:
        eventually(lambda: not here.hub.faults, "the first push")
        yield
    finally:
        here.stop.set()
        ring(here)
        thread.join(5)
    assert not thread.is_alive()


def an_ask(here: World) -> Event:
    (ask,) = here.ledger.record(
        kind=Kind.CHECKOUT, mode=Mode.ASK, item="B-ask", patron="p"
    )
    return ask


def as_time_goes_on(here: World, look: Callable[[], object], what: str) -> None:
    """Step again and again: the agent may not have begun to wait at the first step."""

    def step() -> object:
        here.time.now_s += SLOT_S
        ring(here)
        return look()

    eventually(step, what)


def ring(here: World) -> None:
    bell = Bell(agent_bell(here.folder))
    bell.ring()
    bell.close()
