"""What staff decided stays decided and can be undone, without who the reader was."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import update

from sync.hub.circulation.choices import CaseError, Choice
from sync.hub.circulation.former import is_former
from sync.hub.county.audit import Actor
from sync.hub.devices.devices import device
from sync.hub.intake.admission import admit
from sync.hub.intake.quarantine import set_aside
from sync.hub.intake.wire import read_event
from sync.hub.privacy.purge import purge
from sync.hub.privacy.verify import Checked, verify_last
from sync.hub.store import schema
from tests.integration.case_stories import cases, decide, take_back
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

STAFF = Actor("li", "command")
LATER = NOON + 200 * DAY
BOOK = ITEMS[0]
STRANGER = "nobody-we-know"


def forget(county: County) -> Checked:
    purge(county.hub.database, STAFF, LATER)
    with county.hub.database.reading() as conn:
        return verify_last(conn, LATER)


def dump(county: County) -> str:
    tables = (
        schema.facts, schema.loans, schema.events, schema.cases, schema.case_steps,
        schema.quarantine,
    )  # fmt: skip
    return "".join(
        str(county.rows(table, next(iter(table.primary_key)).name)) for table in tables
    )


def ruled(county: County) -> str:
    """An unknown reader's loan that staff know to be R3's; given back. Its case."""
    county.send(county.k1.lends(BOOK, STRANGER, NOON))
    (case,) = cases(county)
    decide(county, case, Choice.IS_READER, patron_ref=county.refs["R3"])
    county.send(county.k1.takes_back(BOOK, NOON + DAY), now=NOON + DAY)
    return str(case["case_id"])


def test_reader_named_by_a_ruling_is_found_nowhere_after_it(county: County) -> None:
    ruled(county)
    assert county.refs["R3"] in dump(county)

    checked = forget(county)

    assert county.refs["R3"] not in dump(county)
    assert STRANGER not in dump(county)
    assert is_former(county.loans()[0]["patron_ref"])
    assert checked.is_clean


def test_ruling_about_a_forgotten_reader_can_still_be_undone(county: County) -> None:
    case_id = ruled(county)
    forget(county)

    take_back(county, {"case_id": case_id})

    assert [row["ruling"] for row in county.rows(schema.facts, "at")] == [None, None]
    assert county.refs["R3"] not in dump(county)
    assert STRANGER not in dump(county)


def test_undo_needs_the_ruling_as_it_was_made(county: County) -> None:
    """Control: a name that is changed in one place alone can't be undone."""
    case_id = ruled(county)
    with county.hub.database.writing() as conn:
        other = '{"patron_ref":"former:other"}'
        mine = schema.facts.c.ruling.is_not(None)
        conn.execute(update(schema.facts).where(mine).values(ruling=other))

    with pytest.raises(CaseError, match="ruled upon again"):
        take_back(county, {"case_id": case_id})


@pytest.mark.parametrize("admitted", [True, False])
def test_event_set_aside_is_kept_until_staff_have_admitted_it(
    county: County, *, admitted: bool
) -> None:
    lent = county.k1.lends(BOOK, county.refs["R1"], NOON)
    back = county.k1.takes_back(BOOK, NOON + DAY)
    both = [read_event(msgspec.json.encode(event)) for event in (lent, back)]
    with county.hub.database.writing() as conn:
        set_aside(conn, "k1", both, NOON + DAY)
        found = device(conn, "k1")
        if admitted and found:
            admit(conn, found, "li", NOON + 2 * DAY)
    assert len(county.rows(schema.quarantine, "event_id")) == 2

    checked = forget(county)

    waiting = [] if admitted else sorted([lent.event_id, back.event_id])
    rows = county.rows(schema.quarantine, "event_id")
    assert [row["event_id"] for row in rows] == waiting
    assert checked.is_clean
