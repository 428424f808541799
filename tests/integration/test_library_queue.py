"""What kiosks did reaches the library system: once each, in order, whatever is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from sync.hub.library import tasks
from sync.hub.library.task_log import Kept, keep_by
from sync.hub.store import schema
from sync.protocol import Event, Kind
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
from tests.integration.library_world import (
    Fault,
    OwnLibrary,
    SocketLibrary,
    own_library,
    serve_queue,
)

__all__ = ["county", "database_url", "hub"]

BOOK, OTHER = ITEMS[:2]
NOW = NOON + 40 * DAY
ALL_OF_IT = [
    ("lend", "R1"),
    ("renew", "R1"),
    ("take_back", "R1"),
    ("lend", "R2"),
    ("take_back", "R2"),
]


@pytest.fixture
def library(county: County) -> Iterator[OwnLibrary]:
    """The county's own library system, told of everything from now on."""
    with county.hub.database.writing() as conn:
        keep_by(conn, Kept.SIP2)
    with own_library() as made:
        yield made


def serve(county: County, library: OwnLibrary) -> None:
    serve_queue(county.hub.database, SocketLibrary(library.address), NOW)


def send(county: County, *events: Event) -> None:
    county.send(*events, now=NOW)


def states(county: County) -> dict[str, int]:
    with county.hub.database.reading() as conn:
        counts = tasks.status(conn).counts
    return {state: count for state, count in counts.items() if count}


def notes(county: County) -> list[str]:
    return [row["note"] for row in county.rows(schema.library_tasks, "fact_id")]


def renews(county: County, item: str, number: str, **fields: object) -> Event:
    at = fields.pop("at")
    return county.k1.event(
        Kind.RENEW, at, item=item, patron_ref=county.refs[number], **fields
    )


def test_nothing_is_queued_while_the_hub_alone_keeps_the_record(
    county: County,
) -> None:
    send(county, county.k1.lends(BOOK, county.refs["R1"]))

    assert states(county) == {}


def test_a_loan_is_told_once(county: County, library: OwnLibrary) -> None:
    loan = county.k1.lends(BOOK, county.refs["R1"])
    send(county, loan)
    send(county, loan)

    serve(county, library)
    serve(county, library)

    assert library.of(BOOK) == [("lend", "R1")]
    assert states(county) == {"done": 1}


def test_an_ask_is_told_when_it_is_confirmed(
    county: County, library: OwnLibrary
) -> None:
    ask = county.k1.asks(BOOK, county.refs["R1"])
    send(county, ask)
    asked_only = states(county)

    send(county, county.k1.closes(Kind.CONFIRMED, ask, NOON + MINUTE))
    serve(county, library)

    assert asked_only == {}
    assert library.of(BOOK) == [("lend", "R1")]


@pytest.mark.usefixtures("library")
def test_an_ask_that_is_withdrawn_is_never_told(county: County) -> None:
    ask = county.k1.asks(BOOK, county.refs["R1"])

    send(county, ask, county.k1.closes(Kind.WITHDRAWN, ask, NOON + MINUTE))

    assert states(county) == {}


def test_loan_renewal_and_return_are_told_in_the_order_in_which_they_happened(
    county: County, library: OwnLibrary
) -> None:
    send(
        county,
        county.k1.lends(BOOK, county.refs["R1"], NOON),
        renews(county, BOOK, "R1", at=NOON + DAY),
    )
    send(county, county.k2.takes_back(BOOK, NOON + DAY + MINUTE))

    serve(county, library)

    assert [what for what, _ in library.of(BOOK)] == ["lend", "renew", "take_back"]
    assert states(county) == {"done": 3}


def test_what_is_overtaken_by_something_that_was_told_is_not_told(
    county: County, library: OwnLibrary
) -> None:
    """A late return must not end the younger loan."""
    send(county, county.k1.lends(BOOK, county.refs["R1"], NOON - DAY))
    send(county, county.k1.lends(BOOK, county.refs["R2"], NOON))
    serve(county, library)

    send(county, county.k2.takes_back(BOOK, NOON - MINUTE))
    serve(county, library)

    assert library.loans[BOOK][0] == "R2"
    assert library.of(BOOK) == [
        ("lend", "R1"),
        ("take_back", "R1"),
        ("lend", "R2"),
    ]
    assert sorted(notes(county)) == ["", "", "late"]


def test_what_waits_is_told_by_time_and_not_by_arrival(
    county: County, library: OwnLibrary
) -> None:
    send(county, county.k2.lends(BOOK, county.refs["R2"], NOON))
    send(county, county.k1.lends(BOOK, county.refs["R1"], NOON - DAY))
    send(county, county.k1.takes_back(BOOK, NOON - MINUTE))

    serve(county, library)

    assert library.of(BOOK) == [
        ("lend", "R1"),
        ("take_back", "R1"),
        ("lend", "R2"),
    ]


def test_a_loan_that_is_repeated_is_no_renewal_there(
    county: County, library: OwnLibrary
) -> None:
    first = county.k1.lends(BOOK, county.refs["R1"], NOON)
    again = county.k1.lends(BOOK, county.refs["R1"], NOON + MINUTE)
    send(county, first, again)

    serve(county, library)

    assert library.of(BOOK) == [("lend", "R1")]
    assert sorted(notes(county)) == ["", "no_effect"]


def test_a_refused_loan_becomes_a_case_and_stays_with_the_hub(
    county: County, library: OwnLibrary
) -> None:
    library.blocked.add("R1")
    send(county, county.k1.lends(BOOK, county.refs["R1"]))
    send(county, county.k1.lends(OTHER, county.refs["R2"]))

    serve(county, library)

    assert county.cases() == {"library_refused": "high"}
    assert county.open_loans() == {BOOK: "R1", OTHER: "R2"}
    assert states(county) == {"done": 1, "refused": 1}
    assert "card blocked" in notes(county)


def test_what_is_on_loan_there_to_somebody_else_is_never_taken_away(
    county: County, library: OwnLibrary
) -> None:
    """The desk of the library lent it; the hub knows nothing of that."""
    library.loans[BOOK] = ("R9", NOON.date())
    send(county, county.k1.lends(BOOK, county.refs["R1"]))

    serve(county, library)

    assert library.effects == []
    assert county.cases() == {"library_refused": "high"}


def test_a_refusal_that_is_retried_settles_its_case(
    county: County, library: OwnLibrary
) -> None:
    library.blocked.add("R1")
    send(county, county.k1.lends(BOOK, county.refs["R1"]))
    serve(county, library)
    library.blocked.clear()

    with county.hub.database.writing() as conn:
        again = tasks.retry(conn, [], NOW)
    serve(county, library)

    assert len(again) == 1
    assert library.of(BOOK) == [("lend", "R1")]
    assert county.cases() == {}
    assert county.cases("settled") == {"library_refused": "high"}


def test_a_second_refusal_opens_the_case_again(
    county: County, library: OwnLibrary
) -> None:
    library.blocked.add("R1")
    send(county, county.k1.lends(BOOK, county.refs["R1"]))
    serve(county, library)
    with county.hub.database.writing() as conn:
        conn.execute(schema.cases.update().values(state="resolved", closed_at=NOW))
        tasks.retry(conn, [], NOW)

    serve_queue(county.hub.database, SocketLibrary(library.address), NOW + DAY)

    assert county.cases() == {"library_refused": "high"}


def test_a_loan_to_somebody_without_a_record_is_left_to_staff(
    county: County, library: OwnLibrary
) -> None:
    send(county, county.k1.lends(BOOK, "stranger"))

    serve(county, library)

    assert notes(county) == ["patron_unknown"]
    assert "library_refused" in county.cases()
    assert library.requests == []


def test_staff_learn_that_the_library_gave_less_time(
    county: County, library: OwnLibrary
) -> None:
    library.loans[BOOK] = ("R1", NOON.date())  # it knows of the loan already
    send(county, county.k1.lends(BOOK, county.refs["R1"]))

    serve(county, library)

    assert county.cases() == {"library_due_earlier": "low"}


def test_what_staff_ruled_out_is_not_told(county: County, library: OwnLibrary) -> None:
    loan = county.k1.lends(BOOK, county.refs["R1"])
    send(county, loan)
    ruling = '{"happened": false}'
    with county.hub.database.writing() as conn:
        conn.execute(schema.facts.update().values(ruling=ruling))

    serve(county, library)

    assert library.requests == []
    assert notes(county) == ["not_so"]


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
