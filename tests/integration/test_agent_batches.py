"""The agent, events the hub can't take, and hubs and cards with a past."""

from __future__ import annotations

import pytest

from sync.agent.errors import HubRefused
from sync.agent.outbox import DEFERRED_RETRY_S, UNREADABLE_RETRY_S
from sync.protocol import AckedThrough, Kind, Mode, Outcome, Removed
from tests.integration.agent_world import World, everything_arrived, here

__all__ = ["here"]


# --- batches the hub can't take


def test_a_batch_too_large_is_halved_until_it_passes(here: World) -> None:
    here.ledger.record(100)
    here.hub.max_events = 30

    error = here.agent.turn()

    assert error is None
    assert max(len(seqs) for seqs in here.hub.arrivals) <= 30
    assert everything_arrived(here)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_unreadable_event_does_not_hold_up_the_others(
    here: World, status: int
) -> None:
    events = here.ledger.record(20)
    here.hub.unreadable = {events[7].event_id}
    here.hub.unreadable_status = status

    error = here.agent.turn()

    assert error is None
    assert here.hub.seqs("e1") == [seq for seq in range(1, 21) if seq != 8]
    assert here.link().held_back == 1
    assert here.link().diverged == ()


@pytest.mark.parametrize("reason", ["invalid", "conflict", "id_conflict"])
def test_an_event_refused_within_a_batch_gets_no_verdict(
    here: World, reason: str
) -> None:
    events = here.ledger.record(3)
    here.hub.outcomes = {events[1].event_id: Outcome.REFUSED}
    here.hub.reasons = {events[1].event_id: reason}

    error = here.agent.turn()

    assert error is None
    assert set(here.mirror.verdicts) == {events[0].event_id, events[2].event_id}
    diverged = reason == "conflict"  # it waits to be recorded anew, and is not tried
    assert here.link().held_back == (0 if diverged else 1)
    assert here.link().diverged == (("e1",) if diverged else ())


def test_a_refused_ask_is_a_verdict(here: World) -> None:
    (ask,) = here.ledger.record(kind=Kind.CHECKOUT, mode=Mode.ASK, patron="p")
    here.hub.outcomes = {ask.event_id: Outcome.REFUSED}

    here.agent.turn()

    assert here.mirror.verdicts[ask.event_id].outcome is Outcome.REFUSED
    assert here.link().held_back == 0


def test_an_unreadable_event_is_tried_again_later(here: World) -> None:
    events = here.ledger.record(3)
    here.hub.unreadable = {events[1].event_id}
    here.agent.turn()
    here.hub.unreadable.clear()

    here.time.now_s += UNREADABLE_RETRY_S
    here.agent.turn()

    assert everything_arrived(here)
    assert here.link().held_back == 0


def test_an_unreadable_event_is_tried_again_after_a_restart(here: World) -> None:
    events = here.ledger.record(3)
    here.hub.unreadable = {events[1].event_id}
    here.agent.turn()
    here.hub.unreadable.clear()

    here.restart()
    here.agent.turn()

    assert everything_arrived(here)


def test_a_hub_that_refuses_everything_is_left_alone(here: World) -> None:
    events = here.ledger.record(20)
    here.hub.unreadable = {event.event_id for event in events}

    error = here.agent.turn()

    assert isinstance(error, HubRefused)
    assert len(here.hub.requests) < 15
    assert here.hub.seqs("e1") == []


def test_a_deferred_event_is_sent_again_and_holds_up_nothing(here: World) -> None:
    events = here.ledger.record(3)
    here.hub.outcomes = {events[0].event_id: Outcome.DEFERRED}
    here.agent.turn()
    here.hub.outcomes.clear()

    here.agent.turn()
    too_early = len(here.hub.arrivals)
    here.time.now_s += DEFERRED_RETRY_S
    here.agent.turn()

    assert too_early == 1
    assert here.hub.arrivals == [(1, 2, 3), (1,)]
    assert here.mirror.verdicts["e1-1"].outcome is Outcome.ACCEPTED


# --- hubs and cards with a past


def test_a_hub_restored_from_backup_gets_what_it_lacks(here: World) -> None:
    here.ledger.record(5)
    here.agent.turn()

    here.hub.forget_after("e1", 2)
    here.ledger.record(1)
    here.agent.turn()

    assert everything_arrived(here)


def test_a_hub_that_forgot_all_gets_all(here: World) -> None:
    here.ledger.record(5)
    here.agent.turn()
    here.hub.forget_after("e1", 0)

    here.restart()
    here.agent.turn()

    assert everything_arrived(here)


def test_a_hub_that_lost_feed_versions_refills_the_mirror(here: World) -> None:
    here.hub.changes = [Removed(what="item", key=str(n)) for n in range(5)]
    here.agent.turn()
    here.hub.changes = [Removed(what="loan", key="1")]

    here.agent.turn()

    assert here.mirror.changes == here.hub.changes


def test_a_rolled_back_card_is_reported(here: World) -> None:
    here.ledger.record(5)
    here.agent.turn()
    here.ledger.roll_back_to(2)

    here.restart()
    error = here.agent.turn()

    assert error is None
    assert here.link().diverged == ("e1",)


def test_a_hub_with_another_history_is_reported(here: World) -> None:
    here.ledger.record(3)
    here.hub.claims = AckedThrough(epoch="e1", seq=2, hash="f" * 64)

    here.agent.turn()

    assert here.link().diverged == ("e1",)


def test_a_new_epoch_ends_the_report(here: World) -> None:
    here.ledger.record(3)
    here.hub.claims = AckedThrough(epoch="e1", seq=9, hash="f" * 64)
    here.agent.turn()

    here.hub.claims = None
    here.ledger.leave_for("e2")
    here.ledger.record(1)
    here.agent.turn()

    assert here.link().diverged == ()
    assert here.hub.seqs("e2") == [1]


def test_nothing_of_a_diverged_epoch_is_sent_any_more(here: World) -> None:
    here.hub.claims = AckedThrough(epoch="e1", seq=9, hash="f" * 64)
    here.ledger.record(3)

    here.agent.turn()

    assert here.hub.seqs("e1") == []
    assert here.agent.pending == 3
