"""The agent against a real HTTP server that fails in every way a network can."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell
from sync.agent.errors import HubBusy, HubRefused, HubUnreachable, Revoked, Unauthorised
from sync.agent.outbox import DEFERRED_RETRY_S, UNREADABLE_RETRY_S
from sync.protocol import MAX_BATCH, AckedThrough, Kind, Mode, Outcome, Removed
from tests.integration.agent_world import TIMEOUT_S, World, world
from tests.integration.scripted_hub import Reply, problem

PORTAL = Reply(body=b"<html>Welcome, please log in</html>", content_type="text/html")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def everything_arrived(here: World) -> bool:
    head = here.ledger.head()
    seqs = list(range(1, head.seq + 1))
    answered = {verdict.seq for verdict in here.mirror.verdicts.values()}
    return here.hub.seqs(head.epoch) == seqs and answered == set(seqs)


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


def test_the_kiosk_is_rung_when_verdicts_came(here: World) -> None:
    here.ledger.record(1)

    with BellListener(kiosk_bell(here.folder)) as kiosk:
        here.agent.turn()

        assert kiosk.wait(0)


def test_the_kiosk_is_not_rung_for_nothing(here: World) -> None:
    here.agent.turn()

    with BellListener(kiosk_bell(here.folder)) as kiosk:
        here.agent.turn()

        assert not kiosk.wait(0)


def test_a_bell_makes_the_agent_push_at_once(here: World) -> None:
    thread = threading.Thread(target=here.agent.run)
    thread.start()
    wait_until(lambda: bool(here.hub.heartbeats))
    here.ledger.record(1)

    ring(here)
    wait_until(lambda: everything_arrived(here))
    here.stop.set()
    ring(here)
    thread.join(5)

    assert not thread.is_alive()


def ring(here: World) -> None:
    bell = Bell(agent_bell(here.folder))
    bell.ring()
    bell.close()


def wait_until(true: object, timeout_s: float = 5.0) -> None:
    assert callable(true)
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)


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


# --- answers that are lost, short or wrong


def test_a_lost_answer_leads_to_a_repeat_and_one_effect(here: World) -> None:
    here.ledger.record(3)
    here.agent.turn()
    here.ledger.record(2)
    here.hub.lose_answers = 1

    first = here.agent.turn()
    second = here.agent.turn()

    assert isinstance(first, HubUnreachable)
    assert second is None
    assert here.hub.arrivals == [(1, 2, 3), (4, 5), (4, 5)]
    assert everything_arrived(here)


def test_only_what_the_answer_lists_counts(here: World) -> None:
    here.ledger.record(4)
    here.hub.list_only = lambda event: event.seq != 2

    error = here.agent.turn()
    listed = {verdict.seq for verdict in here.mirror.verdicts.values()}
    here.hub.list_only = lambda _: True
    here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert listed == {1, 3, 4}
    assert here.hub.arrivals == [(1, 2, 3, 4), (2,), (2,)]
    assert everything_arrived(here)


def test_a_verdict_on_another_event_is_ignored(here: World) -> None:
    (event,) = here.ledger.record()
    forged = b'{"event_id":"x","epoch":"e1","seq":1,"outcome":"accepted"}'
    here.hub.only = "/v1/events"
    here.hub.faults.append(
        Reply(
            body=b'{"verdicts":[%s],"acked_through":null,'
            b'"hub_time":"2026-03-01T00:00:00Z"}' % forged
        )
    )

    error = here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert here.mirror.verdicts == {}
    assert here.agent.pending == event.seq


GOOD_BUT_NAIVE = (
    b'{"verdicts":[],"acked_through":null,"hub_time":"2026-03-01T00:00:00"}'
)


@pytest.mark.parametrize(
    "fault",
    [
        PORTAL,
        Reply(body=b"{}"),
        Reply(body=b""),
        Reply(body=b"null"),
        Reply(body=b"\xff\xfe"),
        Reply(body=b"[" * 100_000),
        Reply(body=b'{"verdicts": NaN}'),
        Reply(body=GOOD_BUT_NAIVE),
        Reply(body=b"x" * ((8 << 20) + 1)),
        Reply(body=b"{" + b" " * 1000, cut=10),
        Reply(cut=0),
        Reply(status=201),
        Reply(status=204, body=b""),
        Reply(status=301, headers={"Location": "http://127.0.0.1:1/"}),
        Reply(status=302, headers={"Location": "/v1/heartbeat"}),
        Reply(status=200, headers={"Content-Encoding": "gzip"}, body=b"not gzip"),
    ],
    ids=lambda fault: f"{fault.status}-{fault.body[:12]!r}-{fault.cut}",
)
def test_an_answer_that_is_not_our_hubs_never_counts(here: World, fault: Reply) -> None:
    here.ledger.record(2)
    here.hub.only = "/v1/events"
    here.hub.faults.append(fault)

    error = here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert here.mirror.verdicts == {}
    assert here.agent.pending == 2
    assert here.agent.turn() is None
    assert everything_arrived(here)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (problem(500, "trouble"), HubBusy),
        (problem(502, ""), HubBusy),
        (problem(503, "busy", Retry_After="7"), HubBusy),
        (problem(429, "busy", Retry_After="0"), HubBusy),
        (problem(401, "unknown_key"), Unauthorised),
        (problem(403, "revoked"), Revoked),
        (Reply(403, b"<html>blocked</html>", "text/html"), HubRefused),
        (problem(404, "not_found"), HubRefused),
        (problem(418, "teapot"), HubRefused),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
def test_a_refusal_drops_nothing(
    here: World, fault: Reply, kind: type[Exception]
) -> None:
    here.ledger.record(2)
    here.hub.only = "/v1/events"
    here.hub.faults.append(fault)

    error = here.agent.turn()

    assert type(error) is kind
    assert here.agent.pending == 2
    assert here.agent.turn() is None
    assert everything_arrived(here)


def test_a_firewalls_403_does_not_mean_revoked(here: World) -> None:
    here.hub.faults.append(Reply(403, b'{"error":"revoked"}', "text/html"))

    here.agent.turn()

    assert not here.link().revoked


# --- time-outs


def test_a_hub_that_trickles_is_cut_off(here: World) -> None:
    here.ledger.record(1)
    here.hub.faults.append(Reply(body=b" " * 100, pause_per_byte_s=TIMEOUT_S / 4))
    started_s = time.monotonic()

    error = here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert time.monotonic() - started_s < TIMEOUT_S * 8
    assert here.agent.pending == 1


def test_a_hub_that_says_nothing_is_given_up(here: World) -> None:
    here.ledger.record(1)
    here.hub.faults.append(Reply(body=b"{}", pause_per_byte_s=TIMEOUT_S * 4))
    started_s = time.monotonic()

    error = here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert time.monotonic() - started_s < TIMEOUT_S * 8
    assert here.agent.turn() is None
    assert everything_arrived(here)


# --- nonces


def test_a_stale_nonce_costs_one_repeat_and_is_no_failure(here: World) -> None:
    here.agent.turn()
    before = len(here.hub.requests)
    here.agent._hub._hub._nonce = "0" * 32  # type: ignore[attr-defined]  # as if hours old

    error = here.agent.turn()

    assert error is None
    assert len(here.hub.requests) == before + 2


def test_a_hub_that_wants_ever_new_nonces_is_asked_twice_only(here: World) -> None:
    nonce = {"Tongjie-Nonce": "f" * 32}
    stale = Reply(401, b'{"error":"stale_nonce"}', headers=nonce)
    here.hub.faults.extend([stale] * 5)

    error = here.agent.turn()

    assert isinstance(error, Unauthorised)
    assert len(here.hub.requests) == 2


# --- batches the hub can't take


def test_a_batch_too_large_is_halved_until_it_passes(here: World) -> None:
    here.ledger.record(100)
    here.hub.max_events = 30

    error = here.agent.turn()

    assert error is None
    assert max(len(seqs) for seqs in here.hub.arrivals) <= 30
    assert everything_arrived(here)


@pytest.mark.parametrize("status", [400, 409, 413, 422])
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
    assert here.link().rolled_back is (status == 409)


@pytest.mark.parametrize("reason", ["invalid", "conflict"])
def test_an_event_refused_within_a_batch_gets_no_verdict(
    here: World, reason: str
) -> None:
    events = here.ledger.record(3)
    here.hub.outcomes = {events[1].event_id: Outcome.REFUSED}
    here.hub.reasons = {events[1].event_id: reason}

    error = here.agent.turn()

    assert error is None
    assert set(here.mirror.verdicts) == {events[0].event_id, events[2].event_id}
    assert here.link().held_back == 1
    assert here.link().rolled_back is (reason == "conflict")


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
    assert here.link().rolled_back


def test_a_hub_with_another_history_is_reported(here: World) -> None:
    here.ledger.record(3)
    here.hub.claims = AckedThrough(epoch="e1", seq=2, hash="f" * 64)

    here.agent.turn()

    assert here.link().rolled_back


def test_a_new_epoch_ends_the_report(here: World) -> None:
    here.ledger.record(3)
    here.hub.claims = AckedThrough(epoch="e1", seq=9, hash="f" * 64)
    here.agent.turn()

    here.hub.claims = None
    here.ledger.begin_epoch("e2")
    here.ledger.record(1)
    here.agent.turn()

    assert not here.link().rolled_back
    assert here.hub.seqs("e2") == [1]


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
