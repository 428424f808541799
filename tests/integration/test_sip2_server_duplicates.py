"""Machines whose answers are lost say it again; nothing is done twice."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from sync.hub.county.patrons import PatronRecord
from sync.hub.store import schema
from sync.sip2 import wire
from sync.sip2.dialects import Dialect
from sync.sip2.errors import BadMessage
from sync.sip2.trailer import ChecksumStatus, seal
from sync.sip2.wire import Message
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.sip2_machine_world import (
    Cut,
    Served,
    at,
    checkin,
    checkout,
    cutting_relay,
    hold,
    raw,
    renew_all,
    renewal,
    served,
    serving,
    small_county,
)

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]
#: Two renewals are allowed, so one too many would not be refused.
SENIOR = "R9"
#: Deeds of one reader with one book, in this order; the book is lent by the first.
DEEDS = {
    b"11": checkout(SENIOR, BOOK, at()),
    b"29": renewal(SENIOR, ITEMS[1], at()),
    b"65": renew_all("R1", at()),
    b"09": checkin(BOOK, at()),
    b"15": hold("R2", BOOK, at()),
}


@pytest.fixture
def place(county: County) -> Iterator[Served]:
    with lending(county) as made:
        yield made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Served]:
    """For what is about words and numbers, whatever the database."""
    with small_county(tmp_path) as county, lending(county) as made:
        yield made


@contextmanager
def lending(county: County) -> Iterator[Served]:
    """Two books are on loan since nine days."""
    county.put_patron(PatronRecord(SENIOR, "赵大年", "SENIOR"))
    county.put_patron(PatronRecord("R1", "张建华", "SENIOR"))
    with served(county) as made:
        for patron, item in ((SENIOR, ITEMS[1]), ("R1", ITEMS[2])):
            assert say(made.port, checkout(patron, item, at()), 1) is not None
        made.pass_time(9 * DAY)
        yield made


def say(port: int, text: str, number: int) -> Message | None:
    """On a connection of its own, after a login; None if the answer was lost."""
    with raw(port) as machine:
        assert machine.log_in() == b"941"
        line = machine.say(seal(text.encode(), str(number)))
    try:
        answer = wire.decode(line, Dialect())
    except BadMessage:
        return None
    return answer if answer.checksum is ChecksumStatus.VALID else None


def stubborn(relay_port: int, text: str) -> Message:
    """Says the same until it is answered, on a new connection and numbered anew."""
    for number in range(5):
        answer = say(relay_port, text, number)
        if answer is not None:
            return answer
    raise AssertionError("never answered")


def traces(county: County) -> dict[str, Any]:
    """How often something was done."""
    loans = county.rows(schema.loans, "item")
    with county.hub.database.reading() as conn:
        moves = schema.facts.c.move
        firm = schema.facts.c.standing == "firm"
        rows = conn.execute(
            select(moves, func.count().label("many")).where(firm).group_by(moves)
        )
        counted: dict[str, Any] = {row.move: row.many for row in rows}
    return counted | {loan["item"]: loan["renewed"] for loan in loans}


@pytest.mark.parametrize("cut", Cut)
def test_every_deed_is_done_once_whatever_answer_is_lost(
    place: Served, cut: Cut
) -> None:
    with cutting_relay(place.port) as relay:
        for message_id, text in DEEDS.items():
            relay.cuts[message_id] = [cut]
            answer = stubborn(relay.port, text)
            assert answer.fixed["ok"] == "1", answer
            place.pass_time(DAY)

    assert traces(place.county) == {
        "lend": 3,
        "return": 1,
        "hold": 1,
        "renew": 2,
        BOOK: 0,
        ITEMS[1]: 1,
        ITEMS[2]: 1,
    }


def test_without_its_memory_the_server_would_renew_twice(place: Served) -> None:
    say(place.port, DEEDS[b"29"], 1)
    with place.county.hub.database.writing() as conn:
        conn.execute(delete(schema.sip2_answers))
    place.pass_time(DAY)

    say(place.port, DEEDS[b"29"], 2)

    assert traces(place.county)[ITEMS[1]] == 2


def test_a_new_server_tells_what_the_old_one_did_under_the_new_number(
    place: Served,
) -> None:
    first = say(place.port, DEEDS[b"29"], 1)
    place.pass_time(DAY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with serving(place, listener):
            second = say(port, DEEDS[b"29"], 2)

    assert first is not None
    assert second is not None
    assert (first.fixed, first.fields) == (second.fixed, second.fields)
    assert (first.sequence, second.sequence) == ("1", "2")
    assert traces(place.county)[ITEMS[1]] == 1


def test_only_the_same_number_on_the_same_connection_is_a_repeat(
    small: Served,
) -> None:
    with raw(small.port) as machine:
        machine.log_in()
        first = machine.ask(DEEDS[b"29"], 3)
        small.pass_time(DAY)
        second = machine.ask(DEEDS[b"29"], 3)
        renewed = traces(small.county)[ITEMS[1]]
        machine.ask(DEEDS[b"29"], 4)

    assert first == second
    assert renewed == 1
    assert traces(small.county)[ITEMS[1]] == 2


def test_what_is_not_dated_is_no_repeat_on_another_connection(
    small: Served,
) -> None:
    undated = renewal(SENIOR, ITEMS[1], " " * 18)
    say(small.port, undated, 1)
    small.pass_time(DAY)
    say(small.port, undated, 2)

    assert traces(small.county)[ITEMS[1]] == 2


def test_another_machine_with_the_same_words_is_not_answered_for_the_first(
    small: Served,
) -> None:
    small.add(name="m2", site_id="B")
    say(small.port, DEEDS[b"29"], 1)
    small.pass_time(DAY)
    with raw(small.port) as machine:
        machine.log_in("m2")
        machine.ask(DEEDS[b"29"], 1)

    assert traces(small.county)[ITEMS[1]] == 2


def test_a_store_that_is_told_twice_over_is_taken_once(small: Served) -> None:
    """With no block, deeds before the last one are known again by their date."""
    store = [
        checkout("R2", ITEMS[4], at(), "NY"),
        renewal("R2", ITEMS[4], at(small.clock[0]), "NY"),
        checkin(ITEMS[5], at(), "Y"),
        checkout("R2", ITEMS[5], at(), "NY"),
    ]
    for text in (*store, *store):
        answer = say(small.port, text, 1)
        assert answer is not None
        assert answer.fixed["ok"] == "1"

    found = traces(small.county)
    assert (found["lend"], found["renew"], found["return"]) == (4, 1, 1)
    assert found[ITEMS[4]] == 1
