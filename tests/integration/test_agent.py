"""The agent against a real HTTP server that fails in every way a network can."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell
from sync.agent.errors import Revoked
from sync.protocol import MAX_BATCH, Kind, Mode, Removed
from tests.integration.agent_world import World, everything_arrived, here
from tests.integration.scripted_hub import PORTAL, Reply, ScriptedHub, problem
from tests.waiting import eventually

__all__ = ["here"]


# --- the good way


def test_events_go_out_and_verdicts_come_in(here: World) -> None:
    here.ledger.record(3)

    error = here.agent.turn()

    assert error is None
    assert everything_arrived(here)
    assert here.agent.pending == 0


def test_a_quiet_turn_sends_no_events(here: World) -> None:
    here.ledger.record(3)
    here.agent.turn()

    here.agent.turn()

    assert len(here.hub.arrivals) == 1


def test_a_long_backlog_goes_in_full_batches_in_order(here: World) -> None:
    here.ledger.record(2 * MAX_BATCH + 1)

    here.agent.turn()

    assert [len(seqs) for seqs in here.hub.arrivals] == [MAX_BATCH, MAX_BATCH, 1]
    assert everything_arrived(here)


def test_an_older_epoch_goes_before_the_current_one(here: World) -> None:
    here.ledger.record(2)
    here.ledger.begin_epoch("e2")
    here.ledger.record(1)

    here.agent.turn()

    assert here.hub.seqs("e1") == [1, 2]
    assert here.hub.seqs("e2") == [1]
    assert here.hub.arrivals == [(1, 2), (1,)]


def test_the_feed_is_pulled_page_by_page_to_its_end(here: World) -> None:
    here.hub.changes = [Removed(what="item", key=str(n)) for n in range(7)]
    here.hub.page_size = 3

    here.agent.turn()

    assert here.mirror.changes == here.hub.changes
    assert here.mirror.cursor() == 7
    assert here.mirror.synced_at is not None


def test_the_mirror_is_marked_fresh_only_at_the_end_of_the_feed(here: World) -> None:
    here.hub.changes = [Removed(what="item", key=str(n)) for n in range(4)]
    here.hub.page_size = 3
    here.hub.only = "/v1/feed"
    here.hub.faults.extend([lambda hub: hub._page(0), problem(500, "trouble")])

    here.agent.turn()

    assert here.mirror.cursor() == 3
    assert here.mirror.synced_at is None


def test_a_feed_without_end_does_not_hold_up_the_heartbeat(here: World) -> None:
    def endless(hub: ScriptedHub) -> Reply:
        here.time.now_s += 60
        hub.changes.append(Removed(what="item", key=f"x{len(hub.changes)}"))
        if len(hub.heartbeats) == 3:
            here.stop.set()
        return hub._page(here.mirror.cursor())

    here.hub.page_size = 1
    here.hub.changes = [Removed(what="item", key="x")] * 2
    here.hub.only = "/v1/feed"
    here.hub.faults.extend([endless] * 20)

    here.agent.turn()

    assert here.hub.heartbeats[2:]


def test_the_kiosk_is_rung_when_verdicts_came(here: World) -> None:
    here.ledger.record(1)

    with closing(BellListener(kiosk_bell(here.folder))) as kiosk:
        here.agent.turn()

        assert kiosk.wait(0)


def test_the_kiosk_is_not_rung_for_nothing(here: World) -> None:
    here.agent.turn()

    with closing(BellListener(kiosk_bell(here.folder))) as kiosk:
        here.agent.turn()

        assert not kiosk.wait(0)


def test_the_hub_is_met_first_though_the_ledger_came_late(here: World) -> None:
    """What the hub holds of a card that was rolled back must be known before a push."""
    here.ledger.missing = True
    here.agent.turn()
    here.ledger.missing = False
    here.ledger.record(1)

    here.agent.turn()

    assert here.hub.heartbeats
    assert here.hub.requests.index("POST /v1/heartbeat") < here.hub.requests.index(
        "POST /v1/events"
    )


def test_a_bell_makes_the_agent_push_at_once(here: World) -> None:
    thread = threading.Thread(target=here.agent.run)
    thread.start()
    eventually(lambda: here.hub.heartbeats, "a heartbeat")
    here.ledger.record(1)

    ring(here)
    eventually(lambda: everything_arrived(here), "every event at the hub")
    here.stop.set()
    ring(here)
    thread.join(5)

    assert not thread.is_alive()


def ring(here: World) -> None:
    bell = Bell(agent_bell(here.folder))
    bell.ring()
    bell.close()


def test_a_restart_sends_nothing_twice_that_was_answered(here: World) -> None:
    here.ledger.record(2)
    here.ledger.begin_epoch("e2")
    here.ledger.record(1)
    here.agent.turn()
    before = list(here.hub.arrivals)

    here.restart()
    here.agent.turn()

    assert here.hub.arrivals == before


# --- the lane of asks


def test_an_open_ask_overtakes_a_backlog(here: World) -> None:
    here.ledger.record(MAX_BATCH + 50)
    (ask,) = here.ledger.record(kind=Kind.CHECKOUT, mode=Mode.ASK, patron="p")

    here.agent.turn()

    assert here.hub.arrivals[0] == (ask.seq,)
    assert everything_arrived(here)


def test_what_an_ask_depends_on_goes_along(here: World) -> None:
    (returned,) = here.ledger.record(item="B-ask")
    (lent,) = here.ledger.record(item="B-other", patron="p")
    here.ledger.record(MAX_BATCH)
    (ask,) = here.ledger.record(
        kind=Kind.CHECKOUT, mode=Mode.ASK, item="B-ask", patron="p"
    )

    here.agent.turn()

    assert here.hub.arrivals[0] == (returned.seq, lent.seq, ask.seq)


def test_an_ask_without_a_backlog_goes_in_order(here: World) -> None:
    here.ledger.record(2)
    here.ledger.record(kind=Kind.CHECKOUT, mode=Mode.ASK, patron="p")

    here.agent.turn()

    assert here.hub.arrivals == [(1, 2, 3)]


# --- the link


def test_the_link_is_good_after_two_prompt_answers(here: World) -> None:
    here.agent.turn()

    assert here.online()
    assert here.link().last_contact is not None


def test_one_failure_leaves_the_link_good_and_two_do_not(here: World) -> None:
    here.agent.turn()
    here.hub.faults.extend([Reply(cut=0)] * 2)

    here.agent.turn()
    after_one = here.online()
    here.agent.turn()

    assert after_one
    assert not here.online()
    assert here.link().trouble


def test_a_captive_portal_is_never_online(here: World) -> None:
    here.hub.faults.extend([PORTAL] * 10)

    for _ in range(5):
        here.agent.turn()

    assert not here.online()


def test_a_revoked_device_still_hands_over_its_facts(here: World) -> None:
    here.agent.turn()
    here.hub.revoked = True
    here.ledger.record(2)

    error = here.agent.turn()

    assert isinstance(error, Revoked)
    assert here.link().revoked
    assert everything_arrived(here)


def test_a_pardoned_device_is_in_service_again(here: World) -> None:
    here.hub.revoked = True
    here.agent.turn()
    here.hub.revoked = False

    here.agent.turn()

    assert not here.link().revoked


# --- pauses


@pytest.mark.parametrize(
    ("fault", "least_s", "most_s"),
    [
        (Reply(cut=0), 0.9, 1.0),
        (problem(503, "busy"), 0.9, 1.0),
        (problem(503, "busy", Retry_After="100"), 100, 110),
        (problem(503, "busy", Retry_After="1000000000"), 900, 900),
        (problem(503, "busy", Retry_After="-1"), 0.9, 1.0),
    ],
)
def test_the_pause_after_a_first_failure(
    here: World, fault: Reply, least_s: float, most_s: float
) -> None:
    here.hub.faults.append(fault)

    error = here.agent.turn()

    assert error is not None
    assert least_s <= here.agent._pause_s(error) <= most_s


@pytest.mark.parametrize(("fault", "cap_s"), [(Reply(cut=0), 15), (Reply(500), 900)])
def test_a_hub_that_is_away_is_tried_at_poll_pace_and_a_sick_one_is_spared(
    here: World, fault: Reply, cap_s: float
) -> None:
    here.hub.faults.extend([fault] * 12)

    errors = [here.agent.turn() for _ in range(12)]

    assert errors[-1] is not None
    assert here.agent._pause_s(errors[-1]) == pytest.approx(cap_s, rel=0.01)


def test_a_success_ends_the_back_off(here: World) -> None:
    here.hub.faults.extend([Reply(cut=0)] * 8)
    for _ in range(9):
        here.agent.turn()
    here.hub.faults.append(Reply(cut=0))

    error = here.agent.turn()

    assert error is not None
    assert here.agent._pause_s(error) <= 1.0
