"""The agent and answers that are lost, late, short, refused or not the hub's."""

from __future__ import annotations

import time

import pytest

from sync.agent.errors import HubBusy, HubRefused, HubUnreachable, Revoked, Unauthorised
from tests.integration.agent_world import TIMEOUT_S, World, everything_arrived, here
from tests.integration.scripted_hub import PORTAL, Reply, problem

__all__ = ["here"]


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


@pytest.mark.fault("O15")
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
AT = b"2026-03-01T00:00:00Z"
BEYOND_ANY_DATABASE = (
    b'{"verdicts":[],"acked_through":{"epoch":"e1","seq":9223372036854775808,'
    b'"hash":""},"hub_time":"2026-03-01T00:00:00Z"}'
)


@pytest.mark.fault("O19")
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
        Reply(status=302, headers={"Location": "http://["}),
        Reply(status=307, headers={"Location": "\xff\xfe"}),
        Reply(body=b"-5\r\n{}\r\n", headers={"Transfer-Encoding": "chunked"}),
        Reply(body=BEYOND_ANY_DATABASE),
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


@pytest.mark.fault("O19")
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


@pytest.mark.fault("O20")
def test_a_hub_that_trickles_is_cut_off(here: World) -> None:
    here.ledger.record(1)
    here.hub.faults.append(Reply(body=b" " * 100, pause_per_byte_s=TIMEOUT_S / 4))
    started_s = time.monotonic()

    error = here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert time.monotonic() - started_s < TIMEOUT_S * 8
    assert here.agent.pending == 1


@pytest.mark.fault("O20")
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


@pytest.mark.fault("O19")
@pytest.mark.parametrize(
    "page",
    [
        problem(409, "cursor_unknown"),
        Reply(body=b'{"changes":[],"cursor":-1,"more":true,"hub_time":"%s"}' % AT),
        Reply(
            body=b'{"changes":[],"cursor":18446744073709551616,"more":false,'
            b'"hub_time":"%s"}' % AT
        ),
    ],
)
def test_a_feed_that_contradicts_itself_is_no_reason_to_hurry(
    here: World, page: Reply
) -> None:
    here.hub.only = "/v1/feed"
    here.hub.faults.extend([page] * 20)

    error = here.agent.turn()

    assert isinstance(error, HubUnreachable)
    assert here.hub.requests.count("GET /v1/feed") <= 2


@pytest.mark.fault("O19")
@pytest.mark.parametrize("nonce", ["a\x01b", "\xe9", "a\tb", " "])
def test_a_nonce_that_cannot_be_signed_is_none(here: World, nonce: str) -> None:
    here.ledger.record()
    here.hub.faults.append(Reply(status=401, headers={"Tongjie-Nonce": nonce}))

    here.agent.turn()
    here.agent.turn()

    assert everything_arrived(here)
