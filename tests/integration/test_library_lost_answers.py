"""Nothing is lost or told twice, whatever becomes of the library system's answers."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sync.hub.library import tasks
from sync.hub.store import schema
from sync.protocol import Event
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.library_queue_world import (
    NOW,
    library,
    renews,
    send,
    serve,
    states,
)
from tests.integration.library_world import (
    Fault,
    OwnLibrary,
    SocketLibrary,
    serve_queue,
)

__all__ = ["county", "database_url", "hub", "library"]

BOOK = ITEMS[0]
ALL_OF_IT = [
    ("lend", "R1"),
    ("renew", "R1"),
    ("take_back", "R1"),
    ("lend", "R2"),
    ("take_back", "R2"),
]


def test_a_library_that_is_away_costs_no_attempt_and_holds_up_no_kiosk(
    county: County, library: OwnLibrary
) -> None:
    nowhere = ("127.0.0.1", 1)
    for number in range(3):
        send(county, county.k1.lends(ITEMS[number], county.refs["R1"]))
        with pytest.raises(AssertionError, match="still at work"):
            serve_queue(county.hub.database, SocketLibrary(nowhere), NOW, turns=20)

    waiting = county.rows(schema.library_tasks, "fact_id")
    serve_queue(county.hub.database, SocketLibrary(library.address), NOW + 30 * DAY)

    assert {row["attempts"] for row in waiting} == {0}
    assert {row["state"] for row in waiting} == {"waiting"}
    assert Counter(what for what, _, _ in library.effects) == {"lend": 3}


def test_one_item_that_never_gets_an_answer_holds_up_no_other(
    county: County, library: OwnLibrary
) -> None:
    """Whatever is said of the first book kills the connection."""
    send(county, *(county.k1.lends(item, county.refs["R1"]) for item in ITEMS[:3]))
    library.poison = BOOK

    with pytest.raises(AssertionError, match="still at work"):
        serve_queue(county.hub.database, SocketLibrary(library.address), NOW, turns=40)

    assert [item for _, item, _ in library.effects] == list(ITEMS[1:3])
    assert states(county) == {"done": 2, "waiting": 1}


@pytest.mark.parametrize("what", ["item", "patron", "lend", "take_back", "renew"])
@pytest.mark.parametrize("fault", [Fault.UNHEARD, Fault.UNANSWERED])
def test_an_answer_lost_once_at_any_step_doubles_nothing(
    county: County, library: OwnLibrary, what: str, fault: Fault
) -> None:
    lose_once(library, what, fault)
    send(
        county,
        county.k1.lends(BOOK, county.refs["R1"], NOON),
        renews(county, BOOK, "R1", at=NOON + 9 * DAY),
        county.k1.lends(BOOK, county.refs["R2"], NOON + 20 * DAY),
        county.k1.takes_back(BOOK, NOON + 30 * DAY),
    )

    serve(county, library)

    assert library.of(BOOK) == ALL_OF_IT
    assert states(county) == {"done": 4}


@pytest.mark.parametrize("what", ["lend", "take_back", "renew"])
def test_a_library_that_lists_no_loans_is_believed_by_its_due_dates(
    county: County, library: OwnLibrary, what: str
) -> None:
    library.lists_loans = False
    lose_once(library, what, Fault.UNANSWERED)
    send(
        county,
        county.k1.lends(BOOK, county.refs["R1"], NOON),
        renews(county, BOOK, "R1", at=NOON + 9 * DAY),
        county.k1.lends(BOOK, county.refs["R2"], NOON + 20 * DAY),
        county.k1.takes_back(BOOK, NOON + 30 * DAY),
    )

    serve(county, library)

    assert library.of(BOOK) == ALL_OF_IT


def test_a_blind_repeat_would_have_renewed() -> None:
    """The positive control: this library system takes every repeat for something new."""
    library = OwnLibrary()
    for _ in range(2):
        asked = {"what": "lend", "patron": "R1", "item": BOOK, "due_on": "2026-08-02"}
        library.handle(asked)

    assert library.of(BOOK) == [("lend", "R1"), ("renew", "R1")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_or_doubled_when_half_of_all_requests_fail(
    county: County, library: OwnLibrary, seed: int
) -> None:
    chance = random.Random(seed)
    endings = [Fault.NONE, Fault.NONE, Fault.UNHEARD, Fault.UNANSWERED]
    library.faults = lambda _what: chance.choice(endings)
    send(county, *some_weeks(county, chance))

    for _ in range(6):  # what got no answer five times is tried again by staff
        serve(county, library)
        with county.hub.database.writing() as conn:
            tasks.retry(conn, [], NOW)
    library.faults = lambda _what: Fault.NONE
    serve(county, library)

    names = {ref: number for number, ref in county.refs.items()}
    for item in ITEMS:
        loans = [loan for loan in county.loans() if loan["item"] == item]
        assert library.of(item) == [
            (what, names[loan["patron_ref"]])
            for loan in loans
            for what in effects_of(loan)
        ]
    assert "refused" not in states(county)


def lose_once(library: OwnLibrary, what: str, fault: Fault) -> None:
    left = [1]

    def once(asked: str) -> Fault:
        if asked != what or not left[0]:
            return Fault.NONE
        left[0] -= 1
        return fault

    library.faults = once


def some_weeks(county: County, chance: random.Random) -> list[Event]:
    """Loans, renewals and returns of all books by all readers, in any order."""
    events, at = [], NOON - 60 * DAY
    for _ in range(50):
        at += 2 * DAY
        item, number = chance.choice(ITEMS), chance.choice(("R1", "R2", "R3"))
        match chance.choice(("lend", "return", "renew")):
            case "lend":
                events.append(county.k1.lends(item, county.refs[number], at))
            case "return":
                events.append(county.k1.takes_back(item, at))
            case _:
                events.append(renews(county, item, number, at=at))
    return events


def effects_of(loan: dict[str, object]) -> list[str]:
    ended = ["take_back"] if loan["returned_at"] else []
    return ["lend", *["renew"] * int(str(loan["renewed"])), *ended]
