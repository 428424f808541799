"""What machines of others leave behind of readers: forgotten, erased and shown."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from sync.hub.county.audit import Actor
from sync.hub.county.patron_files import PatronFile, patron_file
from sync.hub.privacy import runs
from sync.hub.privacy.disclosure import disclose
from sync.hub.privacy.erase import erase
from sync.hub.privacy.purge import purge
from sync.hub.privacy.verify import Checked, verify_last
from sync.hub.sip2_server.conversation import Conversation
from sync.hub.sip2_server.service import Service
from sync.hub.store import schema
from tests.integration.hub_world import (
    DAY,
    ITEMS,
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
)

__all__ = ["county", "database_url", "hub"]

STAFF = Actor("li", "command")
LATER = NOON + 200 * DAY
BOOK = ITEMS[0]
UNKNOWN = "R77"


def told(county: County, *requests: str) -> list[str]:
    """What a machine at A is answered, after its login."""
    hub = county.hub
    service = Service(hub.database, hub.isil, hub.county_name, lambda: NOON)
    talk = Conversation(service, "10.0.0.7")
    lines = [f"9300CNm1|CO{PASSWORD}|", *requests]
    return [
        answer.decode() for line in lines for answer in talk.hear(f"{line}\r".encode())
    ]


def loan_by_an_unknown_card(county: County) -> None:
    """A book that has left already, by a card that the county does not know; back."""
    add_account(county)
    told(
        county,
        checkout(UNKNOWN, BOOK, at(), flags="NY"),
        checkin(BOOK, at(NOON + DAY), flag="Y"),
    )


def tables(county: County, *names: str) -> str:
    with county.hub.database.reading() as conn:
        return "".join(
            str(tuple(row))  # a Row shows long texts cut
            for name in names
            for row in conn.execute(select(schema.metadata.tables[name]))
        )


def forget(county: County) -> runs.Run:
    return purge(county.hub.database, STAFF, LATER)


def checked(county: County) -> Checked:
    with county.hub.database.reading() as conn:
        return verify_last(conn, LATER)


def reader(county: County) -> PatronFile:
    with county.hub.database.reading() as conn:
        found = patron_file(conn, county.refs["R1"])
    assert found is not None
    return found


def settled(county: County) -> None:
    """Staff have looked at all cases."""
    with county.hub.database.writing() as conn:
        done = {"state": "resolved", "closed_at": NOON + 2 * DAY}
        conn.execute(update(schema.cases).values(**done))


def test_number_of_an_unknown_card_is_forgotten_with_its_loan(county: County) -> None:
    loan_by_an_unknown_card(county)
    settled(county)
    assert UNKNOWN in tables(county, "events")

    forget(county)

    assert UNKNOWN not in tables(county, "events", "cases", "facts", "loans")
    assert checked(county).is_clean


def test_last_answer_of_a_machine_is_forgotten_in_time(county: County) -> None:
    add_account(county)
    told(county, checkout("R1", BOOK, at()))
    assert "AAR1|" in tables(county, "sip2_answers")

    run = forget(county)

    assert tables(county, "sip2_answers") == ""
    assert run.forgotten["answers"] == 1


@pytest.mark.parametrize("planted", ["answers", "events"])
def test_verify_finds_what_a_machine_left_behind(county: County, planted: str) -> None:
    loan_by_an_unknown_card(county)
    settled(county)
    forget(county)
    assert checked(county).is_clean

    with county.hub.database.writing() as conn:
        if planted == "events":
            body = '{"payload":{"card":"R77"}}'
            mine = schema.events.c.kind == "CHECKOUT"
            conn.execute(update(schema.events).where(mine).values(body=body))
        else:
            row = {"name": "m1", "digest": "d", "answer": "24AAR77|", "at": NOON}
            conn.execute(schema.sip2_answers.insert(), [row])

    assert checked(county).links == {planted: 1}


def test_erased_reader_is_named_by_no_answer_and_no_event(county: County) -> None:
    loan_by_an_unknown_card(county)
    told(county, checkout(" r1", ITEMS[1], at()), checkin(ITEMS[1], at()))
    told(county, checkout(" r1", ITEMS[2], at()))
    with county.hub.database.writing() as conn:
        loans = schema.loans.c
        mine = loans.patron_ref == county.refs["R1"]
        conn.execute(update(schema.loans).where(mine).values(returned_at=NOON))
        body = schema.events.c.body
        quoted = {"body": _with_card(str(conn.execute(select(body)).scalar()), "R1")}
        first = select(schema.events.c.event_id).limit(1).scalar_subquery()
        rows = schema.events.c.event_id == first
        conn.execute(update(schema.events).where(rows).values(**quoted))
    assert "r1|" in tables(county, "sip2_answers")
    assert '"card":"R1"' in tables(county, "events")

    with county.hub.database.writing() as conn:
        erase(conn, reader(county), STAFF, NOON + DAY)

    assert tables(county, "sip2_answers") == ""
    assert '"card":"R1"' not in tables(county, "events")


def test_reader_is_shown_what_machines_hold_of_them(county: County) -> None:
    add_account(county)
    told(county, checkout("R1", BOOK, at()))

    with county.hub.database.reading() as conn:
        held = disclose(conn, reader(county))

    (answer,) = held["machines"]
    assert answer["machine"] == "m1"
    assert BOOK in answer["text"]


def _with_card(body: str, card: str) -> str:
    return body.replace(f'"card":"{UNKNOWN}"', f'"card":"{card}"')
