"""The hub's two lanes over HTTP, and batches taken in by short transactions."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, update
from werkzeug.serving import make_server

from sync.hub.door.api import LANES
from sync.hub.door.app import create_app
from sync.hub.door.lanes import Lanes, Visit
from sync.hub.intake.ingest import Sender
from sync.hub.intake.intake import take_in
from sync.hub.intake.wire import Load, glance, read_batch
from sync.hub.store import schema
from sync.hub.store.turnstile import Lane
from sync.keys import public_hex
from sync.protocol import Batch, BatchAnswer, Event, Kind, Mode, Outcome, Problem
from sync.signing import NONCE_HEADER
from tests.integration.hub_server import Client
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
NOW = NOON + 2 * DAY
_KILLED = Path(__file__).with_name("killed_intake.py")


class Door:
    """A hub on loopback in this process, whose lanes a test may fill."""

    def __init__(self, county: County) -> None:
        self.county = county
        app = create_app(county.hub)
        self.lanes: Lanes = app.extensions[LANES]
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.client = Client(f"http://127.0.0.1:{self._server.port}", KEY, "k1")
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def seen_by(self, client: Client) -> Client:
        """The same kiosk at this door, with all that it was told elsewhere."""
        return replace(client, url=self.client.url)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def door(county: County) -> Iterator[Door]:
    with county.hub.database.writing() as conn:
        devices = schema.devices
        conn.execute(
            update(devices)
            .where(devices.c.kiosk_id == "k1")
            .values(public_key=public_hex(KEY))
        )
    made = Door(county)
    yield made
    made.close()


@pytest.fixture
def full(door: Door) -> Iterator[Door]:
    """Somebody's large batch is inside; the client has been here before."""
    door.client.push()
    with ExitStack() as stack:
        stack.enter_context(large_batch(door))
        yield door


def test_a_full_hub_gives_a_slot_and_has_done_nothing(full: Door) -> None:
    answer = full.client.push(loan(full))

    assert answer.status_code == 503
    assert decoded(answer, Problem).error == "busy"
    assert 1 <= int(answer.headers["Retry-After"]) <= 900
    assert answer.headers[NONCE_HEADER]
    assert full.county.rows(schema.events, "seq") == []


def test_the_same_batch_is_taken_once_there_is_room(door: Door) -> None:
    event = loan(door)
    door.client.push()
    with large_batch(door):
        refused = door.client.push(event)

    taken = door.client.push(event)

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert len(door.county.loans()) == 1


def test_a_batch_with_an_open_ask_is_never_refused(full: Door) -> None:
    backlog = loan(full)
    ask = full.county.k1.asks("YL0002", full.county.refs["R1"])

    answer = full.client.push(backlog, ask)

    assert answer.status_code == 200
    assert [one.outcome for one in decoded(answer, BatchAnswer).verdicts] == [
        Outcome.ACCEPTED
    ] * 2


def test_a_renewal_that_asks_is_never_refused_either(full: Door) -> None:
    ref = full.county.refs["R1"]
    ask = full.county.k1.event(
        Kind.RENEW, NOON, mode=Mode.ASK, item="YL0002", patron_ref=ref, loan_ref="l"
    )

    assert full.client.push(ask).status_code == 200


def test_a_batch_that_closes_its_ask_itself_waits_as_others_do(full: Door) -> None:
    ask = full.county.k1.asks("YL0002", full.county.refs["R1"])
    close = full.county.k1.closes(Kind.CONFIRMED, ask)

    assert full.client.push(ask, close).status_code == 503
    assert full.client.push(ask).status_code == 200


def test_a_stranger_gets_no_slot(full: Door) -> None:
    full.client.key = Ed25519PrivateKey.generate()

    answer = full.client.push(loan(full))

    assert answer.status_code == 401
    assert "Retry-After" not in answer.headers


def test_another_worker_tells_the_same_slot_again(full: Door) -> None:
    event = loan(full)
    first = full.client.push(event)

    with closing(Door(full.county)) as other, large_batch(other):
        again = other.seen_by(full.client).push(event)

    assert (first.status_code, again.status_code) == (503, 503)
    assert again.headers[NONCE_HEADER] == first.headers[NONCE_HEADER]
    assert wait_s(again) <= wait_s(first)


def test_an_ask_between_keeps_the_slot_and_a_backlog_uses_it(door: Door) -> None:
    ask = door.county.k1.asks("YL0002", door.county.refs["R1"])
    event = loan(door)
    door.client.push()
    with large_batch(door):
        told = door.client.push(event)
        asked = door.client.push(ask)

    taken = door.client.push(event)

    slot = told.headers[NONCE_HEADER]
    assert [one.status_code for one in (told, asked, taken)] == [503, 200, 200]
    assert asked.headers[NONCE_HEADER] == slot
    assert taken.headers[NONCE_HEADER] != slot


def test_a_slot_that_the_kiosk_made_up_is_a_stale_nonce(door: Door) -> None:
    slot_ms = round(dt.datetime.now(dt.UTC).timestamp() * 1000)
    door.client.nonce = f"{slot_ms}.{'0' * 32}"

    answer = door.client.send(door.client.signed(batch_request(door, loan(door))))

    assert (answer.status_code, decoded(answer, Problem).error) == (401, "stale_nonce")


def test_a_stale_nonce_costs_no_request_when_a_slot_is_given(full: Door) -> None:
    """The nonce that comes with the slot is one of the time of the slot."""
    event = loan(full)
    full.client.nonce = None

    first = full.client.send(full.client.signed(batch_request(full, event)))

    assert first.status_code == 503
    assert first.headers[NONCE_HEADER]


def test_a_stale_nonce_is_renewed_as_ever_where_there_is_room(door: Door) -> None:
    first = door.client.send(door.client.signed(batch_request(door, loan(door))))

    assert (first.status_code, decoded(first, Problem).error) == (401, "stale_nonce")


def test_feed_and_heartbeat_are_open_while_batches_wait(full: Door) -> None:
    beat = {"version": "1", "pending": 0, "epoch": "e1", "seq": 0, "health": {}}

    assert full.client.call("GET", "/v1/feed?cursor=0&limit=1").status_code == 200
    assert full.client.call("POST", "/v1/heartbeat", beat).status_code == 200


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"events": 7}'])
def test_a_body_that_cannot_be_read_is_small_and_no_ask(body: bytes) -> None:
    assert glance(body) == Load(1, open_ask=False)


# --- short transactions


def test_an_ask_waits_for_one_short_transaction_of_a_backlog(county: County) -> None:
    """Positive control: in one long transaction the ask waits for all of it."""
    assert asked_during_backlog(county, short_s=0.0) == "between"
    assert asked_during_backlog(county, short_s=60.0) == "after"


def test_a_batch_in_many_transactions_has_the_same_verdicts(county: County) -> None:
    events = backlog(county)
    once = msgspec.json.encode(Batch(events=events))
    ticket = county.hub.database.turnstile.ticket(Lane.BACKLOG)

    sliced = take_in(
        county.hub.database, Sender("k1", "A"), read_batch(once), NOW, ticket, 0.0
    )

    assert county.send_body(once, "k1", NOW) == sliced
    assert sliced.acked_through is not None
    assert sliced.acked_through.seq == len(events)


def test_a_hub_killed_between_two_transactions_takes_the_rest_at_the_repeat(
    county: County, tmp_path: Path
) -> None:
    events = backlog(county)
    body = tmp_path / "batch.json"
    body.write_bytes(msgspec.json.encode(Batch(events=events)))
    url = county.hub.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, str(_KILLED), url, str(body), "5"]
    killed = subprocess.run(command, check=False, timeout=60)
    half = county.rows(schema.events, "seq")

    taken = county.send_body(body.read_bytes(), "k1", NOW)
    again = county.send_body(body.read_bytes(), "k1", NOW)

    assert killed.returncode < 0
    assert 0 < len(half) < len(events)
    assert all(row["verdict"] for row in half)
    assert [verdict.seq for verdict in taken.verdicts] == [one.seq for one in events]
    assert again == taken
    assert [stored_verdict(row) for row in half] == [
        msgspec.json.encode(one).decode() for one in taken.verdicts[: len(half)]
    ]
    assert len(county.loans()) == len(events) // 2


def large_batch(door: Door) -> ExitStack:
    """Stay inside with a batch of some seconds."""
    stack = ExitStack()
    visit = Visit(Load(2000, open_ask=False))
    stack.enter_context(door.lanes.inside("other", visit))
    return stack


def wait_s(answer: requests.Response) -> int:
    return int(answer.headers["Retry-After"])


def loan(door: Door) -> Event:
    return door.county.k1.lends("YL0001", door.county.refs["R1"])


def batch_request(door: Door, *events: Event) -> requests.Request:
    return door.client.request("POST", "/v1/events", Batch(events=events))


def decoded(answer: requests.Response, kind: type[msgspec.Struct]) -> msgspec.Struct:
    return msgspec.json.decode(answer.content, type=kind)


def stored_verdict(row: dict[str, object]) -> object:
    return row["verdict"]


def backlog(county: County, rounds: int = 3) -> tuple[Event, ...]:
    """Loans and returns of all books in turn."""
    at = NOON - DAY
    events = []
    for number in range(rounds * len(ITEMS)):
        item, at = ITEMS[number % len(ITEMS)], at + 2 * MINUTE
        lent = county.k1.lends(item, county.refs["R1"], at)
        back = county.k1.takes_back(item, at + MINUTE, loan_ref=lent.loan_ref)
        events += [lent, back]
    return tuple(events)


def asked_during_backlog(county: County, short_s: float) -> str:
    """Tell whether an ask's turn came between two transactions, or after all."""
    database = county.hub.database
    events = read_batch(msgspec.json.encode(Batch(events=backlog(county))))
    begun, done = threading.Event(), threading.Event()

    def take() -> None:
        ticket = database.turnstile.ticket(Lane.BACKLOG)
        take_in(database, Sender("k1", "A"), events, NOW, ticket, short_s)
        done.set()

    def note(*_: object) -> None:
        begun.set()

    event.listen(database.engine, "begin", note)
    thread = threading.Thread(target=take)
    thread.start()
    assert begun.wait(10)
    with database.writing():
        seen = "after" if done.wait(0.2) else "between"
    thread.join(30)
    event.remove(database.engine, "begin", note)
    return seen
