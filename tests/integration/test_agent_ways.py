"""Feed and heartbeat are two ways to one hub: where one fails, the other goes on."""

from __future__ import annotations

import threading

import pytest

from kiosk.bell import Bell, agent_bell
from sync.agent.pulse import HEARTBEAT_S
from sync.protocol import Removed
from tests.integration.agent_world import World, here
from tests.integration.scripted_hub import Reply, problem
from tests.waiting import eventually

__all__ = ["here"]

FAULTS = [Reply(500), problem(403, "forbidden"), Reply(body=b"<html>")]


def fail_for_ever(here: World, path: str, fault: Reply) -> None:
    here.hub.only = path
    here.hub.faults.extend([fault] * 1000)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_feed_that_fails_for_ever_does_not_hold_up_the_heartbeat(
    here: World, fault: Reply
) -> None:
    """Control: none goes out before it is due."""
    here.agent.turn()
    fail_for_ever(here, "/v1/feed", fault)

    errors = [here.agent.turn()]
    early = len(here.hub.heartbeats)
    for _ in range(3):
        here.time.now_s += HEARTBEAT_S
        errors.append(here.agent.turn())

    assert all(errors)
    assert (early, len(here.hub.heartbeats)) == (1, 4)


def test_the_heartbeat_keeps_its_time_while_the_feed_is_left_alone(
    here: World,
) -> None:
    here.agent.turn()
    fail_for_ever(here, "/v1/feed", problem(503, "busy", Retry_After="800"))
    thread = threading.Thread(target=here.agent.run, name="agent")
    thread.start()
    try:
        eventually(lambda: len(here.hub.faults) < 1000, "the feed's refusal")
        here.time.now_s += HEARTBEAT_S
        ring(here)
        eventually(lambda: len(here.hub.heartbeats) == 2, "the second heartbeat")
    finally:
        here.stop.set()
        ring(here)
        thread.join(10)

    assert len(here.hub.faults) == 999


@pytest.mark.parametrize("fault", FAULTS)
def test_a_heartbeat_that_fails_for_ever_holds_up_neither_feed_nor_events(
    here: World, fault: Reply
) -> None:
    """Control: it was tried, and again when its time had come, not at every page."""
    here.agent.turn()
    fail_for_ever(here, "/v1/heartbeat", fault)
    here.hub.page_size = 1
    here.hub.changes = [Removed(what="item", key=str(n)) for n in range(5)]
    here.ledger.record(2)
    here.time.now_s += HEARTBEAT_S

    first = here.agent.turn()
    tried = 1000 - len(here.hub.faults)
    here.time.now_s += HEARTBEAT_S
    second = here.agent.turn()

    assert first is not None  # it is said all the same
    assert second is not None
    assert here.mirror.cursor() == 5
    assert here.agent.pending == 0
    assert (tried, 1000 - len(here.hub.faults)) == (1, 2)


def ring(here: World) -> None:
    bell = Bell(agent_bell(here.folder))
    bell.ring()
    bell.close()
