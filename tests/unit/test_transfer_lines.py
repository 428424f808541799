"""What becomes of a line on the transfer list, by what staff and kiosks say."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest

from sync.hub.circulation.ordering import in_order
from sync.hub.transfers.lines import (
    Line,
    Outcome,
    Reason,
    State,
    follows_from_fact,
    last_seen,
    line_after,
    outcome,
)
from tests.unit.hub_facts import HOUR, NOON, give_back, lend

#: k1 stands at A, where the copy belongs, and k2 at B.
SITES = {"k1": "A", "k2": "B"}


def line(sent: float | None = None, received: float | None = None) -> Line:
    """From B home to A, opened at noon; hours after it sent and received."""
    return Line(
        "l1",
        "B1",
        "B",
        "A",
        Reason.HOME,
        "",
        NOON,
        sent_at=_after(sent),
        received_at=_after(received),
    )


def _after(hours: float | None) -> dt.datetime | None:
    return None if hours is None else NOON + hours * HOUR


def test_line_is_wanted_then_sent_then_received() -> None:
    assert outcome(line(), ()).state is State.WANTED
    assert outcome(line(sent=1), ()).state is State.SENT
    assert outcome(line(sent=1, received=2), ()) == Outcome(
        State.RECEIVED, NOON + 2 * HOUR
    )


def test_copy_lent_from_where_it_waits_overtakes_its_line() -> None:
    lent = lend("anna", 3, "k2", site_id="B")

    assert outcome(line(), [lent]) == Outcome(
        State.OVERTAKEN, NOON + 3 * HOUR, lent.fact_id
    )


def test_copy_that_is_handled_where_it_should_go_has_come() -> None:
    back = give_back(3, site_id="A")

    found = outcome(line(sent=1), [back])

    assert (found.state, found.ended_by) == (State.RECEIVED, back.fact_id)


def test_what_happened_before_it_was_sent_does_not_end_a_line() -> None:
    """Whoever sent it had it in hand, whatever is still learnt of the time before."""
    earlier = give_back(0.5, "k2", site_id="B")

    assert outcome(line(sent=1), [earlier]).state is State.SENT
    assert outcome(line(), [earlier]).state is State.OVERTAKEN


def test_only_a_return_elsewhere_leads_to_a_line() -> None:
    away = give_back(1, "k2", site_id="B")
    found = line_after([away], "A", Reason.HOME)

    assert found is not None
    assert (found.from_site, found.to_site) == ("B", "A")
    assert found.opened_at == away.at
    assert follows_from_fact(found)
    assert line_after([away], "B", Reason.HOME) is None
    assert line_after([away, lend("anna", 2, "k2")], "A", Reason.HOME) is None
    assert line_after([], "A", Reason.HOME) is None


@pytest.mark.parametrize(
    ("hours", "place"),
    [(0.5, "A"), (3, "B")],
    ids=["kiosk before staff", "kiosk after staff"],
)
def test_copy_is_where_it_was_seen_last(hours: float, place: str) -> None:
    handled = [give_back(hours, "k2", site_id="B")]

    assert last_seen([line(sent=1, received=2)], handled) == place


def test_copy_that_was_only_wanted_was_not_seen() -> None:
    assert last_seen([line()], ()) is None
    assert last_seen([line(sent=1)], ()) == "B"


def test_outcome_is_the_same_in_every_order_of_arrival() -> None:
    facts = [
        give_back(0, "k2", site_id="B"),
        lend("anna", 2, "k2", site_id="B"),
        give_back(4, site_id="A"),
    ]

    ends = {outcome(line(), in_order(order)) for order in permutations(facts)}

    assert len(ends) == 1
