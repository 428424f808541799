"""The hub as a process on loopback, called with really signed requests."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import requests
from msgspec.structs import replace
from sqlalchemy import select

from sync.hub.devices.devices import device, reinstate, revoke
from sync.hub.intake.admission import admit
from sync.hub.store import schema
from sync.keys import public_hex
from sync.protocol import (
    GENESIS_HASH,
    AckedThrough,
    Batch,
    BatchAnswer,
    Enrolled,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Kind,
    LoanChanged,
    Outcome,
    chain_hash,
)
from sync.signing import NONCE_HEADER
from tests.integration.hub_server import (
    TIMEOUT_S,
    Client,
    Server,
    client,
    enrolment,
    kiosk,
    now,
    server,
    stranger_at,
)
from tests.integration.hub_world import Kiosk

__all__ = ["client", "kiosk", "server"]


def test_healthz_answers_anybody(server: Server) -> None:
    assert requests.get(server.url + "/healthz", timeout=TIMEOUT_S).status_code == 200


def test_enrolment_gives_name_site_and_hub_key(server: Server) -> None:
    stranger = stranger_at(server)

    answer = stranger.call("POST", "/v1/enrol", enrolment(server.code(), stranger))

    enrolled = msgspec.json.decode(answer.content, type=Enrolled)
    assert answer.status_code == 200
    assert enrolled.site_id == "A"
    assert len(enrolled.hub_key) == 64


def test_bad_code_is_forbidden(server: Server) -> None:
    stranger = stranger_at(server)

    answer = stranger.call("POST", "/v1/enrol", enrolment("0000-0000", stranger))

    assert (answer.status_code, answer.json()["error"]) == (403, "bad_code")


def test_key_that_is_not_the_signing_one_is_not_enrolled(server: Server) -> None:
    stranger, other = stranger_at(server), stranger_at(server)

    answer = stranger.call("POST", "/v1/enrol", enrolment(server.code(), other))

    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{}, {"code": "0000-0000", "public_key": "00"}])
def test_malformed_enrolment_gets_the_next_nonce(server: Server, body: Any) -> None:
    answer = stranger_at(server).call("POST", "/v1/enrol", body)

    assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
    assert NONCE_HEADER in answer.headers


def test_enrolled_key_is_refused_another_code(server: Server, client: Client) -> None:
    again = Client(server.url, client.key, public_hex(client.key))

    answer = again.call("POST", "/v1/enrol", enrolment(server.code(), again))

    assert (answer.status_code, answer.json()["error"]) == (409, "key_in_use")


def test_loan_is_accepted_and_comes_back_in_the_feed(
    server: Server, client: Client, kiosk: Kiosk
) -> None:
    loan = kiosk.lends("YL0001", server.refs["R1"], now())

    answer = msgspec.json.decode(client.push(loan).content, type=BatchAnswer)
    feed = client.call("GET", "/v1/feed?cursor=0&limit=1000")

    page = msgspec.json.decode(feed.content, type=FeedPage)
    assert answer.acked_through is not None
    assert answer.acked_through.hash == loan.hash
    shown = answer.verdicts[0]
    assert (shown.feed_version, shown.feed_run) == (page.cursor, page.run)
    assert any(isinstance(change, LoanChanged) for change in page.changes)


@pytest.mark.fault("O45")
def test_heartbeat_tells_what_the_hub_holds(client: Client, kiosk: Kiosk) -> None:
    event = kiosk.event(Kind.SESSION_ENDED, now())
    client.push(event)

    beat = Heartbeat(version="26.11.0", pending=0, epoch="e1", seq=1)
    raw = client.call("POST", "/v1/heartbeat", beat)

    answer = msgspec.json.decode(raw.content, type=HeartbeatAnswer)
    assert answer.acked_through is not None
    assert (answer.acked_through.seq, answer.acked_through.hash) == (1, event.hash)


@pytest.mark.parametrize("sent", [5, {}, {"boot_id": "b", "monotonic_ns": "soon"}])
def test_a_heartbeat_counts_whatever_its_clocks_say(
    client: Client, sent: object
) -> None:
    beat = {"version": "1", "pending": 0, "epoch": "e1", "seq": 0, "sent": sent}

    answer = client.call("POST", "/v1/heartbeat", beat)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("epoch", "older"), [("a\0b", []), ("", []), ("e1", ["\0"]), ("e1", ["x" * 65])]
)
def test_a_heartbeat_about_what_is_no_epoch_is_malformed(
    client: Client, epoch: str, older: list[str]
) -> None:
    beat = {"version": "1", "pending": 0, "epoch": epoch, "seq": 0, "older": older}

    answer = client.call("POST", "/v1/heartbeat", beat)

    assert (answer.status_code, answer.json()["error"]) == (400, "malformed")


def test_revoked_device_hands_over_facts_but_borrows_nothing(
    server: Server, client: Client, kiosk: Kiosk
) -> None:
    with server.database.writing() as conn:
        revoke(conn, client.key_id)
    back = kiosk.takes_back("YL0005", now())
    ask = kiosk.asks("YL0005", server.refs["R1"], now())

    answer = msgspec.json.decode(client.push(back, ask).content, type=BatchAnswer)
    feed = client.call("GET", "/v1/feed?cursor=0&limit=1")

    assert [verdict.outcome for verdict in answer.verdicts] == [
        Outcome.NEEDS_STAFF,
        Outcome.REFUSED,
    ]
    assert (feed.status_code, feed.json()["error"]) == (403, "revoked")


@pytest.mark.parametrize("state", ["revoked", "back in service", "admitted"])
def test_what_was_set_aside_and_recorded_anew_counts_at_its_new_place(
    server: Server, client: Client, kiosk: Kiosk, state: str
) -> None:
    with server.database.writing() as conn:
        revoke(conn, client.key_id)
    event = kiosk.takes_back("YL0005", now())
    client.push(event)
    bare = replace(event, epoch="e2", seq=1, prev_hash=GENESIS_HASH)
    anew = replace(bare, hash=chain_hash(bare))
    if state != "revoked":
        with server.database.writing() as conn:
            reinstate(conn, client.key_id)
    if state == "admitted":
        with server.database.writing() as conn:
            found = device(conn, client.key_id)
            assert found is not None
            admit(conn, found, "somebody", now())

    answer = msgspec.json.decode(client.push(anew).content, type=BatchAnswer)

    held = AckedThrough(epoch="e2", seq=1, hash=anew.hash)
    assert answer.acked_through == held
    assert len(answer.verdicts) == 1


@pytest.mark.fault("O46")
def test_revoked_device_is_told_that_an_event_is_kept_only_if_it_is(
    server: Server, client: Client, kiosk: Kiosk
) -> None:
    with server.database.writing() as conn:
        revoke(conn, client.key_id)
    first = kiosk.takes_back("YL0008", now())
    other = replace(first, item="YL0009")
    other = replace(other, hash=chain_hash(other))
    torn = replace(kiosk.takes_back("YL0010", now()), hash="0" * 64)

    answer = client.push(first, first, other, torn)

    verdicts = msgspec.json.decode(answer.content, type=BatchAnswer).verdicts
    assert [(verdict.outcome, verdict.reason) for verdict in verdicts] == [
        (Outcome.NEEDS_STAFF, "revoked_device"),
        (Outcome.NEEDS_STAFF, "revoked_device"),
        (Outcome.REFUSED, "id_conflict"),
        (Outcome.REFUSED, "invalid"),
    ]
    with server.database.reading() as conn:
        kept = conn.execute(select(schema.quarantine.c.body)).scalars().all()
    items = [json.loads(body)["item"] for body in kept]
    assert [item for item in items if item > "YL0007"] == ["YL0008"]


def test_replayed_batch_gets_the_same_answer(client: Client, kiosk: Kiosk) -> None:
    client.call("GET", "/v1/feed?cursor=0&limit=1")
    batch = Batch(events=(kiosk.takes_back("YL0006", now()),))
    prepared = client.signed(client.request("POST", "/v1/events", batch))

    first, second = client.send(prepared), client.send(prepared)

    answers = [
        msgspec.json.decode(each.content, type=BatchAnswer) for each in (first, second)
    ]
    assert answers[0].verdicts == answers[1].verdicts
