"""Guessing passwords is slow, everywhere at once, and locks nobody out for ever."""

from __future__ import annotations

import datetime as dt

import pytest

from sync.hub.county.login_guard import (
    FIRST_WAIT,
    FREE_TRIES,
    FREE_TRIES_OF_MANY,
    LONGEST_WAIT,
    MEMORY,
    begin_try,
    end_try,
    wait_after,
)
from sync.hub.store.database import Database
from sync.hub.store.setup import Hub
from tests.integration.desk_world import NAME, Browser, stranger
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["county", "database_url", "hub", "stranger"]

HOME, ELSEWHERE = "10.0.0.7", "203.0.113.9"
ZERO = dt.timedelta(0)


def wrong(store: Database, name: str, address: str, now: dt.datetime) -> dt.timedelta:
    with store.writing() as conn:
        return begin_try(conn, name, address, now)


def right(store: Database, name: str, address: str, now: dt.datetime) -> bool:
    """Whether the owner, with the right password, gets in."""
    with store.writing() as conn:
        if begin_try(conn, name, address, now):
            return False
        end_try(conn, name, address, now)
    return True


def spend(store: Database, name: str, address: str, now: dt.datetime) -> None:
    """Guess as long as it costs nothing."""
    for _ in range(FREE_TRIES):
        assert wrong(store, name, address, now) == ZERO


def test_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(count, 5).total_seconds() for count in range(4, 12)]

    assert waits == [0, 30, 60, 120, 240, 480, 900, 900]
    assert wait_after(10**6, 5) == LONGEST_WAIT


def test_wait_outlives_a_restart_and_holds_for_every_worker(
    hub: Hub, database_url: str
) -> None:
    spend(hub.database, "li", HOME, NOON)

    other_worker = Database(database_url)
    wait = wrong(other_worker, "li", HOME, NOON)
    other_worker.close()

    assert wait == FIRST_WAIT


def test_owner_gets_in_from_the_own_desk_whatever_comes_from_elsewhere(
    hub: Hub,
) -> None:
    assert right(hub.database, "li", HOME, NOON)
    for number in range(3 * FREE_TRIES_OF_MANY):
        wrong(hub.database, "li", f"203.0.113.{number}", NOON)

    assert wrong(hub.database, "li", "198.51.100.1", NOON) > ZERO
    assert right(hub.database, "li", HOME, NOON)


def test_owner_without_a_known_place_waits_at_most_a_quarter_of_an_hour(
    hub: Hub,
) -> None:
    now = NOON
    for number in range(200):
        now += wrong(hub.database, "li", f"203.0.113.{number}", now)

    assert wrong(hub.database, "li", HOME, now) <= LONGEST_WAIT
    assert right(hub.database, "li", HOME, now + LONGEST_WAIT)


def test_one_address_can_not_try_one_password_on_every_account(hub: Hub) -> None:
    waits = [
        wrong(hub.database, f"user{number}", ELSEWHERE, NOON)
        for number in range(FREE_TRIES_OF_MANY + 1)
    ]

    assert waits[-1] == FIRST_WAIT
    assert waits[:-1] == [ZERO] * FREE_TRIES_OF_MANY


def test_addresses_of_one_ipv6_network_count_as_one(hub: Hub) -> None:
    for number in range(FREE_TRIES):
        wrong(hub.database, "li", f"2001:db8::{number + 1}", NOON)

    assert wrong(hub.database, "li", "2001:db8::ffff", NOON) == FIRST_WAIT
    assert wrong(hub.database, "li", "2001:db8:0:1::1", NOON) == ZERO


def test_proxy_that_names_nobody_does_not_make_all_of_us_one(hub: Hub) -> None:
    for number in range(2 * FREE_TRIES_OF_MANY):
        wrong(hub.database, f"user{number}", "127.0.0.1", NOON)

    assert right(hub.database, "li", "127.0.0.1", NOON)


def test_right_password_and_a_quiet_day_wipe_the_count(hub: Hub) -> None:
    for _ in range(FREE_TRIES - 1):
        wrong(hub.database, "li", HOME, NOON)
    assert right(hub.database, "li", HOME, NOON)
    spend(hub.database, "li", HOME, NOON)
    assert wrong(hub.database, "li", HOME, NOON) > ZERO

    spend(hub.database, "li", HOME, NOON + MEMORY + LONGEST_WAIT)


def test_desk_tells_how_long_to_wait_even_with_the_right_password(
    stranger: Browser,
) -> None:
    for _ in range(FREE_TRIES):
        assert stranger.log_in("wrong").status_code == 401

    answer = stranger.log_in()

    assert answer.status_code == 429
    assert "30 秒" in answer.text
    stranger.now[0] += FIRST_WAIT
    assert stranger.log_in().status_code == 302


@pytest.mark.parametrize(
    ("peer", "said", "counted"),
    [
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", True),
        ("192.0.2.1", "203.0.113.9", False),
    ],
)
def test_address_is_the_proxys_word_only_if_it_is_ours(
    stranger: Browser, county: County, peer: str, said: str, *, counted: bool
) -> None:
    for _ in range(FREE_TRIES):
        stranger.client.environ_base.update(
            {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": said}
        )
        stranger.log_in("wrong")

    wait = wrong(county.hub.database, NAME, "203.0.113.9", stranger.now[0])

    assert (wait > ZERO) is counted
