"""Machines of others and the rest of the county: logins, holds, transfers and cases."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert

from sync.hub.county.login_guard import FREE_TRIES
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.sip2_server.conversation import Conversation
from sync.hub.sip2_server.service import Service
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
from tests.integration.sip2_machine_world import (
    PASSWORD,
    add_account,
    at,
    checkin,
    checkout,
    hold,
)
from tests.integration.transfer_world import policy, sends

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]


def talk(
    county: County, now: dt.datetime, *lines: str, address: str = "10.0.0.7"
) -> str:
    """The last answer on a connection of its own."""
    hub = county.hub
    service = Service(hub.database, hub.isil, hub.county_name, lambda: now)
    conversation = Conversation(service, address)
    answers = [
        answer.decode().strip()
        for line in lines
        for answer in conversation.hear(f"{line}\r".encode())
    ]
    return answers[-1]


def log_in(name: str = "m1", password: str = PASSWORD) -> str:
    return f"9300CN{name}|CO{password}|"


def asked(county: County, request: str, now: dt.datetime = NOON) -> str:
    return talk(county, now, log_in(), request)


def test_wrong_passwords_close_an_account_for_a_while(county: County) -> None:
    add_account(county)
    add_account(county, name="m2")
    guesses = [talk(county, NOON, log_in(password="guess")) for _ in range(FREE_TRIES)]

    assert set(guesses) == {"940"}
    assert talk(county, NOON, log_in()) == "940"
    assert talk(county, NOON, log_in("m2")) == "941"
    assert talk(county, NOON + MINUTE, log_in()) == "941"


def test_machine_that_was_here_before_is_not_locked_out_from_elsewhere(
    county: County,
) -> None:
    add_account(county)
    assert talk(county, NOON, log_in()) == "941"
    for _ in range(4 * FREE_TRIES):
        talk(county, NOON, log_in(password="guess"), address="10.0.9.9")

    assert talk(county, NOON, log_in()) == "941"


def test_copy_on_the_hold_shelf_says_so_and_until_when(county: County) -> None:
    add_account(county)
    assert asked(county, hold("R1", BOOK, at())).startswith("161")
    asked(county, checkin(BOOK, at()))

    told = asked(county, f"17{at()}AO|AB{BOOK}|")
    reader = asked(county, f"63019{at()}Y         AO|AAR1|")

    assert told.startswith("1808")
    assert "CM20260708    235900|" in told
    assert f"AS{BOOK}|" in reader
    assert reader[37:41] == "0001"


def test_copy_that_a_van_carries_is_in_transit(county: County) -> None:
    add_account(county)
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back(BOOK, NOON))
    wanted = asked(county, f"17{at()}AO|AB{BOOK}|")
    sends(county, "B", BOOK, now=NOON + MINUTE)
    sent = asked(county, f"17{at()}AO|AB{BOOK}|")

    assert wanted.startswith("1803")
    assert sent.startswith("1810")


def test_returned_copy_is_sent_where_its_transfer_line_leads(county: County) -> None:
    add_account(county, name="m2", site_id="B")
    policy(county, "B", ForeignReturn.RETURN_HOME)

    goes_home = talk(county, NOON, log_in("m2"), checkin(BOOK, at()))

    assert "CV04|" in goes_home
    assert "CTA|" in goes_home


def test_only_a_copy_that_nobody_knows_is_for_staff(county: County) -> None:
    add_account(county)
    asked(county, checkout("R1", BOOK, at()))
    late = asked(county, checkin(BOOK, at()), NOON + 60 * DAY)

    unknown = asked(county, checkin("XX99", at()), NOON + 60 * DAY)

    assert "CV" not in late
    assert "CV99|" in unknown


def test_hold_of_a_suspended_reader_is_refused_in_words(county: County) -> None:
    add_account(county)
    row = {
        "bar_id": "b", "patron_ref": county.refs["R1"], "since": NOON - DAY,
        "lifted_by": "",
    }  # fmt: skip
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.hold_bars), [row])

    told = asked(county, hold("R1", BOOK, at()))
    other = asked(county, hold("R2", BOOK, at()))

    assert told.startswith("160")
    assert "AF现在不能预约" in told
    assert other.startswith("161")


def test_hold_beyond_the_limit_is_refused_in_words(county: County) -> None:
    add_account(county)
    for number in range(5):
        county.send(
            county.k1.event(
                Kind.HOLD_PLACE,
                NOON,
                patron_ref=county.refs["R1"],
                payload={"title_id": f"x{number}"},
            )
        )

    told = asked(county, hold("R1", BOOK, at()))
    other = asked(county, hold("R2", BOOK, at()))

    assert told.startswith("160")
    assert "AF已经预约了 5 种" in told
    assert other.startswith("161")
    assert len(county.rows(schema.holds, "hold_id")) == 6


def test_case_from_a_machine_belongs_to_its_site(county: County) -> None:
    add_account(county, name="m2", site_id="B")
    asked_at_b = checkout("nobody", BOOK, at(), flags="NY")

    talk(county, NOON, log_in("m2"), asked_at_b)

    sites = {row["site_id"] for row in county.rows(schema.cases, "case_id")}
    assert sites == {"B"}
