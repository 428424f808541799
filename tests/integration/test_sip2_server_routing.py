"""A machine that takes a book back is told whether it rings, and where the book goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kiosk.domain.values import ItemState
from sync.hub.county import catalogue
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.sip2_server.wording import wording
from sync.hub.store import schema
from sync.sip2.answers import CheckinResponse
from sync.sip2.client import Client
from sync.sip2.tables import AlertType
from tests.integration.hub_world import (
    ITEMS,
    MINUTE,
    NOON,
    SITES,
    County,
    book,
    county,
    database_url,
    hub,
)
from tests.integration.sip2_machine_world import Served, served
from tests.integration.test_sip2_server_answers import a_hold
from tests.integration.transfer_world import policy, sends

__all__ = ["county", "database_url", "hub"]

BOOK, OTHER = ITEMS[0], ITEMS[1]
WORDS = wording("zh_Hans")


@pytest.fixture
def place(county: County) -> Iterator[Served]:
    """With a machine m1 at A and another, m2, at B."""
    with served(county) as made:
        made.add(name="m2", site_id="B")
        yield made


@pytest.fixture
def at_a(place: Served) -> Iterator[Client]:
    with place.client() as opened:
        yield opened


@pytest.fixture
def at_b(place: Served) -> Iterator[Client]:
    with place.client("m2") as opened:
        yield opened


def rings(answer: CheckinResponse, alert: AlertType, goes_to: str = "") -> bool:
    told = dict(answer.other)
    expected = {"CV": alert.value} | ({"CT": goes_to} if goes_to else {})
    return answer.ok and answer.alert and told == expected


def test_book_that_is_waited_for_here_goes_on_the_hold_shelf(at_a: Client) -> None:
    at_a.ask(a_hold("R2", BOOK))

    back = at_a.checkin(BOOK)

    assert rings(back, AlertType.HELD_HERE, "A")
    assert back.screen_messages == (WORDS["return.hold"].format(site="马坪村借阅点"),)


def test_book_that_is_waited_for_elsewhere_is_for_staff_to_send(
    at_a: Client, at_b: Client
) -> None:
    at_a.ask(a_hold("R2", BOOK))

    back = at_b.checkin(BOOK)

    assert rings(back, AlertType.HELD_ELSEWHERE, "A")
    assert back.screen_messages == (
        WORDS["return.hold_elsewhere"].format(site="马坪村借阅点"),
    )


def test_sites_of_one_name_are_two_sites(
    place: Served, at_a: Client, at_b: Client
) -> None:
    with place.county.hub.database.writing() as conn:
        namesakes = [replace(site, name="借阅点") for site in SITES]
        catalogue.put_sites(conn, namesakes)
    at_a.ask(a_hold("R2", BOOK))

    assert rings(at_b.checkin(BOOK), AlertType.HELD_ELSEWHERE, "A")


def test_return_that_is_told_once_more_rings_once_more(at_a: Client) -> None:
    at_a.ask(a_hold("R2", BOOK))

    told = [at_a.checkin(BOOK, processed_at=NOON, no_block=True) for _ in range(2)]

    assert all(rings(one, AlertType.HELD_HERE, "A") for one in told)


def test_lost_book_that_comes_back_is_for_staff_and_no_failure(
    place: Served, at_a: Client
) -> None:
    with place.county.hub.database.writing() as conn:
        catalogue.put_items(conn, [book(BOOK, ItemState.LOST)])

    back = at_a.checkin(BOOK)

    assert rings(back, AlertType.FOR_STAFF)
    assert back.screen_messages == (WORDS["return.staff"],)
    assert place.county.cases().keys() == {"item_found"}


def test_book_of_another_site_goes_home(place: Served, at_b: Client) -> None:
    policy(place.county, "B", ForeignReturn.RETURN_HOME)

    back = at_b.checkin(BOOK)

    assert rings(back, AlertType.GOES_HOME, "A")
    assert back.permanent_location == "A"


def test_book_on_its_way_elsewhere_that_turns_up_here_stays(
    place: Served, at_a: Client, at_b: Client
) -> None:
    policy(place.county, "B", ForeignReturn.RETURN_HOME)
    at_b.checkin(BOOK)
    sends(place.county, "B", BOOK, now=NOON + MINUTE)
    place.pass_time(2 * MINUTE)

    back = at_a.checkin(BOOK)

    assert (back.ok, back.alert, back.other) == (True, False, ())
    assert back.screen_messages == ()


def test_nobody_learns_at_the_machine_who_waits(place: Served, at_a: Client) -> None:
    at_a.ask(a_hold("R2", BOOK))
    (hold,) = place.county.rows(schema.holds, "hold_id")
    (reader,) = [
        row
        for row in place.county.rows(schema.patrons, "number")
        if row["patron_ref"] == hold["patron_ref"]
    ]

    said = repr(at_a.checkin(BOOK)), at_a.checkin(BOOK).screen_messages

    assert reader["number"] == "R2"
    assert not any(reader["name"] in str(one) or "R2" in str(one) for one in said)
