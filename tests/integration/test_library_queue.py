"""What kiosks did reaches the library system: once each and in order."""

from __future__ import annotations

import pytest

from sync.hub.library import tasks
from sync.hub.store import schema
from sync.protocol import Kind
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
from tests.integration.library_queue_world import (
    NOW,
    library,
    notes,
    renews,
    send,
    serve,
    states,
)
from tests.integration.library_world import OwnLibrary, SocketLibrary, serve_queue

__all__ = ["county", "database_url", "hub", "library"]

BOOK, OTHER = ITEMS[:2]


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
