"""Who gets the next copy, and what a hold has come to after all that happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import permutations

import pytest

from kiosk.domain.rules import Calendar, CredentialRule, HoldRule, Rules
from sync.hub.circulation.facts import Fact, Move, Standing
from sync.hub.circulation.hold_claims import in_the_way
from sync.hub.circulation.hold_queue import play
from sync.hub.circulation.hold_terms import hold_limit, keep_until
from sync.hub.circulation.hold_values import (
    Act,
    Hold,
    HoldState,
    SetDown,
    Step,
    Terms,
    staff_place,
)
from sync.protocol import Clock

NOON = dt.datetime(2026, 7, 3, 4, 0, tzinfo=dt.UTC)  # a Friday, 12:00 in the county
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
RULES = Rules(1, {}, {}, CredentialRule("00"), holds=HoldRule(keep_days=3))
TERMS = Terms(
    lambda hold: hold.patron_ref == "barred",
    lambda hold, since: keep_until((since + 8 * HOUR).date(), RULES, hold.site_id),
)

Happening = Fact | SetDown | Step


def fact(
    move: Move, hours: float, patron: str = "", item: str = "b1", site: str = "A"
) -> Fact:
    name = f"{move}-{patron or site}-{item}-{hours}"
    at = NOON + hours * HOUR
    kiosk = ("k1", "e1", int(hours * 60) + 10_000)
    return Fact(name, item, move, Standing.FIRM, at, Clock.SYNCED, *kiosk, site, patron)


def hold(patron: str, hours: float, item: str = "", site: str = "A") -> Fact:
    return fact(Move.HOLD, hours, patron, item, site)


def back(hours: float, item: str = "b1", site: str = "A") -> Fact:
    return fact(Move.RETURN, hours, "", item, site)


def lend(patron: str, hours: float, item: str = "b1", site: str = "A") -> Fact:
    return fact(Move.LEND, hours, patron, item, site)


def step(of: Fact, act: Act, hours: float, item: str = "", site: str = "A") -> Step:
    return Step(f"{act}-{hours}", of.fact_id, NOON + hours * HOUR, act, item, site)


def played(placed: Sequence[Fact], *happened: Happening) -> dict[str, Hold]:
    """The holds by their reader."""
    return {one.fact.patron_ref: one for one in play(placed, happened, TERMS)}


def states(placed: Sequence[Fact], *happened: Happening) -> dict[str, str]:
    return {
        name: f"{one.state} {one.copy}".strip()
        for name, one in played(placed, *happened).items()
    }


QUEUE = (hold("first", 0), hold("second", 1))
FIRST, SECOND = QUEUE


def test_returned_copy_is_kept_for_who_waits_longest() -> None:
    assert states(QUEUE, back(2)) == {"first": "ready b1", "second": "waiting"}


def test_second_copy_is_kept_for_the_second() -> None:
    found = states(QUEUE, back(2), back(3, "b2"), back(4, "b3"))

    assert found == {"first": "ready b1", "second": "ready b2"}


def test_copy_that_came_back_before_the_hold_is_nobodys() -> None:
    assert states((FIRST,), back(-1)) == {"first": "waiting"}


def test_copy_returned_elsewhere_has_to_travel_and_is_ready_where_it_arrives() -> None:
    away = back(2, site="B")
    arrived = SetDown("b1", "A", staff_place(NOON + 9 * HOUR, "t1"))

    assert states((FIRST,), away) == {"first": "on_its_way b1"}
    assert states((FIRST,), away, back(9)) == {"first": "ready b1"}
    assert states((FIRST,), away, arrived) == {"first": "ready b1"}


def test_hold_on_one_copy_takes_no_other() -> None:
    found = states((hold("first", 0, item="b2"), SECOND), back(2, "b1"))

    assert found == {"first": "waiting", "second": "ready b1"}


def test_loan_to_its_reader_fills_the_hold_and_frees_another_copy() -> None:
    found = played(QUEUE, back(2, "b1"), lend("first", 3, "b2"))

    assert found["first"].state is HoldState.FILLED
    assert found["first"].filled_by == "lend-first-b2-3"
    assert (found["second"].state, found["second"].copy) == (HoldState.READY, "b1")


def test_reader_whose_copy_was_lent_to_somebody_else_waits_in_the_old_place() -> None:
    found = states(QUEUE, back(2), lend("stranger", 3), back(4))

    assert found == {"first": "ready b1", "second": "waiting"}
    assert states(QUEUE, back(2), lend("stranger", 3))["first"] == "waiting"


def test_copy_is_kept_from_when_it_came_however_often_it_is_seen_again() -> None:
    (one,) = played((FIRST,), back(2), back(30)).values()

    assert one.since == back(2).place
    assert one.keep_until == dt.date(2026, 7, 6)


def test_nobody_fetched_it_so_it_goes_to_the_next() -> None:
    expired = step(FIRST, Act.EXPIRED, 24 * 4, "b1")
    found = played(QUEUE, back(2), expired)

    assert found["first"].state is HoldState.EXPIRED
    assert (found["first"].copy, found["second"].copy) == ("", "b1")
    assert found["second"].keep_until == dt.date(2026, 7, 10)


def test_copy_that_nobody_else_waits_for_lies_there_until_it_is_put_back() -> None:
    expired = step(FIRST, Act.EXPIRED, 24 * 4, "b1")
    tidied = step(FIRST, Act.PUT_BACK, 24 * 5, "b1")

    assert states((FIRST,), back(2), expired) == {"first": "expired b1"}
    assert states((FIRST,), back(2), expired, tidied) == {"first": "expired"}


@pytest.mark.parametrize(
    "known_later",
    [lend("first", 50), lend("stranger", 50), step(FIRST, Act.CANCELLED, 50)],
    ids=["filled", "lent to another", "cancelled"],
)
def test_expiry_is_void_if_the_copy_was_gone_before(known_later: Happening) -> None:
    expired = step(FIRST, Act.EXPIRED, 24 * 4, "b1")

    (one,) = played((FIRST,), back(2), expired, known_later).values()

    assert one.state is not HoldState.EXPIRED
    assert played((FIRST,), back(2), expired)["first"].state is HoldState.EXPIRED


def test_no_hold_expires_on_its_last_day() -> None:
    early = step(FIRST, Act.EXPIRED, 24 * 3, "b1")

    assert states((FIRST,), back(2), early) == {"first": "ready b1"}


def test_cancelled_hold_gives_its_copy_to_the_next() -> None:
    found = states(QUEUE, back(2), step(FIRST, Act.CANCELLED, 3))

    assert found == {"first": "cancelled", "second": "ready b1"}


def test_staff_may_keep_a_copy_for_a_reader_out_of_turn() -> None:
    fetched = step(SECOND, Act.SET_ASIDE, 2, "b7")

    assert states(QUEUE, fetched) == {"first": "waiting", "second": "ready b7"}


def test_copy_that_is_kept_for_one_reader_is_not_taken_for_another() -> None:
    fetched = step(SECOND, Act.SET_ASIDE, 3, "b1")

    assert states(QUEUE, back(2), fetched) == {"first": "ready b1", "second": "waiting"}


def test_barred_readers_hold_is_declined_and_catches_nothing() -> None:
    found = states((hold("barred", 0), SECOND), back(2))

    assert found == {"barred": "declined", "second": "ready b1"}


def speaks_against(loan: Fact, *happened: Happening) -> str | None:
    """The reader whose hold speaks against this loan, which is played as well."""
    found = in_the_way(play(QUEUE, (*happened, loan), TERMS), loan)
    return found.fact.patron_ref if found else None


def test_who_waits_longest_is_in_the_way_of_others_at_the_site() -> None:
    assert speaks_against(lend("stranger", 5, "b9")) == "first"
    assert speaks_against(lend("second", 5, "b9")) == "first"
    assert speaks_against(lend("first", 5, "b9")) is None
    assert speaks_against(lend("stranger", 5, "b9", site="B")) is None


def test_later_hold_without_a_copy_is_not_in_the_way_of_the_one_that_is_ready() -> None:
    assert speaks_against(lend("first", 5, "b1"), back(2)) is None
    assert speaks_against(lend("second", 5, "b1"), back(2)) == "first"
    assert speaks_against(lend("stranger", 5, "b1", site="B"), back(2)) == "first"


def test_once_a_copy_is_set_aside_the_others_are_for_the_next() -> None:
    assert speaks_against(lend("second", 5, "b9"), back(2)) is None
    assert speaks_against(lend("stranger", 5, "b9"), back(2)) == "second"


def test_copy_is_kept_no_longer_than_its_last_day() -> None:
    alone = play((FIRST,), (back(2),), TERMS)

    assert in_the_way(alone, lend("stranger", 24 * 3))
    assert not in_the_way(alone, lend("stranger", 24 * 4))


def test_what_comes_first_does_not_matter() -> None:
    happened: tuple[Happening, ...] = (
        back(2),
        step(FIRST, Act.EXPIRED, 24 * 4, "b1"),
        lend("second", 24 * 5),
        back(24 * 5 + 1, "b2", "B"),
        lend("stranger", 3, "b3"),
    )
    expected = played(QUEUE, *happened)

    assert all(played(QUEUE, *each) == expected for each in permutations(happened))
    assert played(QUEUE[::-1], *happened) == expected


def test_closed_days_do_not_count() -> None:
    weekend = Calendar(closed_weekdays=(6, 7))
    rules = Rules(1, {}, {}, CredentialRule("00"), calendars={"A": weekend})

    assert keep_until(dt.date(2026, 7, 3), rules, "A") == dt.date(2026, 7, 10)
    assert keep_until(dt.date(2026, 7, 3), rules, "B") == dt.date(2026, 7, 8)


def test_site_that_never_opens_keeps_a_copy_for_sixty_days() -> None:
    never = Calendar(closed_weekdays=tuple(range(1, 8)))
    rules = Rules(1, {}, {}, CredentialRule("00"), calendars={"A": never})

    assert keep_until(dt.date(2026, 7, 3), rules, "A") == dt.date(2026, 9, 1)


def test_type_may_have_a_limit_of_its_own() -> None:
    own = HoldRule(limit=5, limits={"CHILD": 2})
    rules = Rules(1, {}, {}, CredentialRule("00"), holds=own)

    assert (hold_limit(rules, "CHILD"), hold_limit(rules, "ADULT")) == (2, 5)
