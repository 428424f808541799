"""When things happened at kiosks without a clock, on the hub's real database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select

from sync.hub.clocks import boots, contacts
from sync.hub.clocks.contacts import Contact, columns, learn
from sync.hub.clocks.dating import Clocks, Dated, Recorded
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.upgrade import upgrade
from sync.protocol import Clock, Event, Heard, Sent
from tests.integration.hub_world import Kiosk
from tests.unit.kiosk_life import Life, live


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('dating') / 'hub.db'}")
    upgrade(made)
    yield made
    made.close()


@dataclass(frozen=True)
class Column:
    """What the hub has stored of one fact's time."""

    at: dt.datetime
    clock: str
    earliest: dt.datetime
    latest: dt.datetime
    believed: bool


def dated_by(database: Database, requests: list[Contact]) -> dict[str, Column]:
    """What is stored of each fact after these requests came in this order."""
    with database.writing() as conn:
        for table in (schema.facts, schema.boots, schema.clock_pairs):
            conn.execute(delete(table))
        for request in requests:
            learn(conn, request)
            for event in request.events:
                _keep(conn, event, request.received)
        rows = conn.execute(select(schema.facts)).mappings().all()
    return {
        row["fact_id"]: Column(
            row["at"], row["clock"], row["earliest"], row["latest"], row["believed"]
        )
        for row in rows
    }


def _keep(conn: Connection, event: Event, received: dt.datetime) -> None:
    recorded = Recorded(
        epoch=event.epoch,
        boot_id=event.boot_id,
        ns=event.monotonic_ns,
        wall=event.occurred_at,
        clock=event.clock,
        received_at=received,
    )
    when: Dated = Clocks(conn, event.kiosk_id).date(recorded)
    row = {
        "fact_id": event.event_id,
        "item": event.item,
        "move": "return",
        "standing": "firm",
        "recorded_at": event.occurred_at,
        "recorded_clock": event.clock.value,
        "boot_id": event.boot_id,
        "monotonic_ns": event.monotonic_ns,
        "kiosk_id": event.kiosk_id,
        "epoch": event.epoch,
        "seq": event.seq,
        "site_id": "A",
        "received_at": received,
        **_EMPTY,
        **columns(when),
    }
    names = schema.facts.c.keys()
    conn.execute(insert(schema.facts), [{n: row[n] for n in names if n in row}])


#: What a fact has besides its time.
_EMPTY = {
    "patron_ref": "",
    "loan_ref": "",
    "title_id": "",
    "withdrawn": False,
    "records": "{}",
    "due_on": dt.date.max,
    "renewals": 0,
}
_LIVES = st.integers(0, 10**9).map(lambda seed: live(Random(seed)))
_MANY = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.fault("O29")
@pytest.mark.fault("O30")
@_MANY
@given(life=_LIVES)
def test_true_time_always_lies_between_the_bounds(
    database: Database, life: Life
) -> None:
    stored = dated_by(database, life.requests)

    assert stored.keys() == {one.event.event_id for one in life.happened}
    for name, column in stored.items():
        true = life.truth(name)
        assert column.earliest <= true <= column.latest, (name, true, column)
        assert column.earliest <= column.at <= column.latest


@settings(_MANY, max_examples=10)
@given(life=_LIVES, dice=st.randoms(use_true_random=False))
def test_order_of_arrival_leaves_no_trace_in_any_date(
    database: Database, life: Life, dice: Random
) -> None:
    requests = _one_by_one(life)
    shuffled = list(requests)
    dice.shuffle(shuffled)

    assert dated_by(database, shuffled) == dated_by(database, requests)


def test_every_order_of_four_requests_gives_the_same_dates(database: Database) -> None:
    requests = _one_by_one(live(Random(7), boots=2))[:4]

    dates = {
        repr(sorted(dated_by(database, list(order)).items()))
        for order in permutations(requests)
    }

    assert len(dates) == 1


def test_check_sees_a_hub_that_does_not_date_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = _one_by_one(live(Random(7), boots=2))[:4]
    monkeypatch.setattr(contacts, "_date_anew", lambda *_: ())

    dates = {
        repr(sorted(dated_by(database, list(order)).items()))
        for order in permutations(requests)
    }

    assert len(dates) > 1


def test_claim_of_a_boot_that_met_the_hub_dates_nothing_in_any_order(
    database: Database,
) -> None:
    requests = _contradicted(heard_late=dt.timedelta())

    dates = _in_every_order(database, requests)

    assert len(dates) == 1
    (only,) = dates.values()
    assert only["guess"].latest <= requests[0].received
    assert only["claim"].believed is False


def test_claim_counts_where_contacts_contradict_themselves_in_any_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a hub that took such a boot for met would not look at the claim."""
    requests = _contradicted(heard_late=dt.timedelta(minutes=5))

    dates = _in_every_order(database, requests)
    monkeypatch.setattr(boots, "is_met", lambda *_: True)
    careless = _in_every_order(database, requests)

    assert len(dates) == 1
    (only,) = dates.values()
    assert only["claim"].believed is True
    assert abs(only["guess"].at - (_CLAIMED - _HOUR)) < dt.timedelta(seconds=10)
    assert len(careless) > 1


_HOUR = dt.timedelta(hours=1)
_MET = dt.datetime(2026, 7, 3, 10, tzinfo=dt.UTC)
#: What a kiosk says, an hour before it really meets the hub: another hour earlier.
_CLAIMED = _MET - 2 * _HOUR


def _contradicted(heard_late: dt.timedelta) -> list[Contact]:
    """A contact, the time that its boot claims to know, and a guess made before it.

    The hub's answer before came so late by the hub's own clock, set back since.
    """
    hour_ns = 3600 * 10**9
    kiosk = Kiosk("k1", "A", clock=Clock.GUESSED)
    guess = kiosk.takes_back(
        "YL0001", _MET - 9 * _HOUR, event_id="guess", monotonic_ns=hour_ns
    )
    claim = kiosk.takes_back(
        "YL0002",
        _CLAIMED,
        event_id="claim",
        monotonic_ns=2 * hour_ns,
        clock=Clock.SYNCED,
    )
    heard = Heard(hub_time=_MET + heard_late, monotonic_ns=3 * hour_ns)
    sent = Sent(boot_id=kiosk.boot_id, monotonic_ns=3 * hour_ns, wall=_MET, heard=heard)
    met = Contact("k1", sent, _MET)
    return [
        met,
        Contact("k1", None, _MET, (claim,)),
        Contact("k1", None, _MET, (guess,)),
    ]


def _in_every_order(
    database: Database, requests: list[Contact]
) -> dict[str, dict[str, Column]]:
    """The different dates that come out, by what they are."""
    outcomes = (dated_by(database, list(order)) for order in permutations(requests))
    return {repr(sorted(dates.items())): dates for dates in outcomes}


def test_clocks_of_a_contact_that_mean_nothing_teach_nothing(
    database: Database,
) -> None:
    requests = live(Random(7), boots=2).requests
    sent = requests[0].sent
    assert sent is not None
    odd = [
        msgspec.structs.replace(sent, monotonic_ns=-1),
        msgspec.structs.replace(sent, monotonic_ns=1 << 80),
        msgspec.structs.replace(sent, boot_id="\0"),
        msgspec.structs.replace(sent, boot_id=""),
    ]
    for year in (1, 9999):
        time = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
        heard = Heard(hub_time=time, monotonic_ns=sent.monotonic_ns)
        told = msgspec.structs.replace(sent, heard=heard)
        assert dated_by(database, [Contact("k1", told, requests[0].received)]) == {}
    noise = [Contact("k1", one, requests[0].received) for one in odd]

    assert dated_by(database, [*noise, *requests]) == dated_by(database, requests)


def _one_by_one(life: Life) -> list[Contact]:
    """Every event and every pair of clocks on its own, as if each had come alone.

    An event came with the clocks of its sender, which bound it: they stay with it.
    """
    singles: list[Contact] = []
    for one in life.requests:
        singles.append(Contact(one.kiosk_id, one.sent, one.received, (), one.head))
        singles += [
            Contact(one.kiosk_id, one.sent, one.received, (event,))
            for event in one.events
        ]
    return singles
