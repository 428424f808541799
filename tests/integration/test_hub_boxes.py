"""Rotation boxes: what is in them is where they are, and what is missing is told."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner

from sync.hub.cli import hub as hub_commands
from sync.hub.county.audit import AuditFilter, entries
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.store import schema
from sync.hub.transfers import box_lists, packing
from sync.hub.transfers.acts import Counter, Problem, Scanned
from sync.hub.transfers.box_return import Return, bring_back
from sync.hub.transfers.boxes import (
    BadBox,
    BoxState,
    Wrong,
    add_box,
    all_boxes,
    day_typed,
)
from sync.protocol import ItemChanged
from tests.integration.desk_world import Browser, browser, stranger
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.transfer_world import (
    CLERK,
    HOUR,
    LATER,
    lines,
    place,
    policy,
    sends,
)

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

BOX = "BX0007"
#: When the box is fetched again.
AUTUMN = NOON + 90 * DAY
FOUR = ITEMS[:4]


def at(site: str, days: float = 0) -> Counter:
    return Counter(CLERK, site, NOON + days * DAY)


def packed(county: County, *items: str) -> list[Scanned]:
    """A box of A with these copies."""
    with county.hub.database.writing() as conn:
        add_box(conn, CLERK, BOX, "A", NOON)
        return packing.pack(conn, at("A"), BOX, items)


def travel(county: County) -> None:
    """The box goes to B, and is there a day later."""
    with county.hub.database.writing() as conn:
        packing.send_box(conn, at("A"), BOX, "B", AUTUMN.date())
        packing.arrive(conn, at("B", 1), BOX)


def brings(county: County, *items: str, days: float = 90) -> Return:
    with county.hub.database.writing() as conn:
        return bring_back(conn, at("B", days), BOX, items)


def box_state(county: County) -> tuple[BoxState, str]:
    with county.hub.database.reading() as conn:
        (box,) = all_boxes(conn)
    return box.state, box.place


def missing(county: County) -> list[str]:
    with county.hub.database.reading() as conn:
        return [one.item for one in box_lists.missing(conn, None)]


def test_one_scan_of_the_box_moves_all_that_is_in_it(county: County) -> None:
    packed(county, *FOUR)
    before = county.version()

    travel(county)

    assert box_state(county) == (BoxState.THERE, "B")
    assert [place(county, item) for item in FOUR] == ["B"] * 4
    assert place(county, ITEMS[4]) == "A"
    assert {state for *_, state in lines(county)} == {"received"}
    fed = {
        one.value.barcode for one in county.feed(before) if isinstance(one, ItemChanged)
    }
    assert fed == set(FOUR)
    with county.hub.database.reading() as conn:
        whats = [one.what for one in entries(conn, AuditFilter(what="box."), 9)]
    assert whats == ["box.arrive", "box.send", "box.pack", "box.add"]
    county.send(county.k1.takes_back(ITEMS[0], NOON - HOUR), now=LATER)
    assert place(county, ITEMS[0]) == "B"


def test_box_is_late_when_it_should_be_home_and_is_not(county: County) -> None:
    packed(county, *FOUR)
    day = AUTUMN.date()

    def is_late(today: dt.date) -> bool:
        with county.hub.database.reading() as conn:
            (box,) = all_boxes(conn)
        return box.is_late(today)

    travel(county)
    assert not is_late(day)
    assert is_late(day + dt.timedelta(days=1))
    brings(county, *FOUR)
    assert is_late(day + dt.timedelta(days=1))
    with county.hub.database.writing() as conn:
        packing.arrive(conn, at("A", 95), BOX)
    assert not is_late(day + dt.timedelta(days=9))


def test_late_box_is_marked_at_the_desk_and_by_the_command(
    browser: Browser, county: County
) -> None:
    packed(county, *FOUR)
    travel(county)
    assert "逾期未回" not in browser.read("/desk/boxes")
    with county.hub.database.writing() as conn:
        conn.execute(schema.boxes.update().values(back_by=dt.date(2026, 7, 1)))

    url = county.hub.database.engine.url.render_as_string(hide_password=False)
    told = CliRunner().invoke(hub_commands, ["boxes", "list", "--database", url])

    assert "逾期未回" in browser.read("/desk/boxes")
    assert "逾期未回" in browser.read(f"/desk/boxes/{BOX}")
    assert told.stdout.splitlines() == [f"{BOX}\tthere\tB\t2026-07-01\tlate"]


def test_only_copies_that_are_free_are_packed(county: County) -> None:
    county.send(county.k1.lends(ITEMS[1], county.refs["R1"]))
    with county.hub.database.writing() as conn:
        other = add_box(conn, CLERK, "", "A", NOON)
        packing.pack(conn, at("A"), other.box_id, [ITEMS[2]])

    done = packed(county, ITEMS[0], ITEMS[1], ITEMS[2], "NOTHING")

    assert other.box_id == "BX0001"
    assert [one.problem for one in done] == [
        None,
        Problem.ON_LOAN,
        Problem.OTHER_BOX,
        Problem.UNKNOWN,
    ]


def test_copy_of_a_box_belongs_where_the_box_is(county: County) -> None:
    policy(county, "hub", ForeignReturn.RETURN_HOME)
    packed(county, *FOUR)
    travel(county)
    county.send(
        county.k2.lends(ITEMS[0], county.refs["R1"], NOON + 2 * DAY),
        county.k2.takes_back(ITEMS[0], NOON + 3 * DAY),
        now=NOON + 4 * DAY,
    )

    assert [line for line in lines(county) if line[3] == "wanted"] == []
    assert sends(county, "B", ITEMS[0])[0].problem is Problem.BELONGS_HERE
    brings(county, *FOUR)
    county.send(county.k2.takes_back(ITEMS[0], AUTUMN + DAY), now=AUTUMN + 2 * DAY)
    assert (ITEMS[0], "B", "A", "wanted") in lines(county)


def test_return_tells_what_is_missing_and_later_sight_finds_it(county: County) -> None:
    packed(county, *FOUR)
    travel(county)
    lent = county.k2.lends(ITEMS[1], county.refs["R1"], NOON + 5 * DAY)
    county.send(lent, now=NOON + 6 * DAY)
    county.send(county.k1.takes_back(ITEMS[2], NOON + 5 * DAY), now=NOON + 6 * DAY)

    done = brings(county, ITEMS[0].lower(), ITEMS[7])

    assert done == Return(
        (ITEMS[0],), (ITEMS[3],), (ITEMS[1],), (ITEMS[2],), (ITEMS[7],)
    )
    earlier = county.k2.takes_back(ITEMS[3], NOON + 9 * DAY)
    county.send(earlier, now=AUTUMN)
    assert missing(county) == [ITEMS[3]]
    found = county.k1.takes_back(ITEMS[3], AUTUMN + HOUR)
    county.send(found, now=AUTUMN + DAY)
    assert missing(county) == []
    with county.hub.database.reading() as conn:
        listed = {one.item: one.found for one in box_lists.contents(conn, BOX)}
    assert listed == {ITEMS[0]: False, ITEMS[3]: True}


def test_what_turns_up_in_time_goes_home_with_the_box(county: County) -> None:
    packed(county, *FOUR)
    travel(county)
    brings(county, *FOUR[:3])

    again = brings(county, ITEMS[3], days=90.1)

    assert (again.taken, again.missing) == ((ITEMS[3],), ())
    assert missing(county) == []
    with county.hub.database.writing() as conn:
        came = packing.arrive(conn, at("A", 91), BOX)
    assert came == list(FOUR)
    assert [place(county, item) for item in FOUR] == ["A"] * 4
    assert box_state(county) == (BoxState.PACKING, "A")
    assert county.rows(schema.box_items, "item") == []


def test_copy_lent_on_the_way_does_not_arrive(county: County) -> None:
    packed(county, *FOUR)
    with county.hub.database.writing() as conn:
        packing.send_box(conn, at("A"), BOX, "B", None)
    lent = county.k1.lends(ITEMS[0], county.refs["R1"], NOON + HOUR)
    county.send(lent, now=NOON + 2 * HOUR)

    with county.hub.database.writing() as conn:
        came = packing.arrive(conn, at("B", 1), BOX)

    assert came == list(FOUR[1:])
    assert place(county, ITEMS[0]) == "A"
    assert (ITEMS[0], "A", "B", "overtaken") in lines(county)


def test_box_can_be_used_only_where_it_is_and_as_it_is(county: County) -> None:
    packed(county)
    acts = {
        Wrong.EMPTY: lambda conn: packing.send_box(conn, at("A"), BOX, "B", None),
        Wrong.SITE: lambda conn: packing.send_box(conn, at("A"), BOX, "nowhere", None),
        Wrong.NOT_HERE: lambda conn: packing.pack(conn, at("B"), BOX, ITEMS),
        Wrong.STATE: lambda conn: bring_back(conn, at("B"), BOX, ITEMS),
        Wrong.UNKNOWN: lambda conn: packing.arrive(conn, at("B"), "BX9999"),
        Wrong.TAKEN: lambda conn: add_box(conn, CLERK, BOX, "A", NOON),
        Wrong.DAY: lambda _conn: day_typed("soon"),
        Wrong.NUMBER: lambda conn: add_box(conn, CLERK, "Box 7", "A", NOON),
    }

    for wrong, act in acts.items():
        with pytest.raises(BadBox) as caught, county.hub.database.writing() as conn:
            act(conn)
        assert caught.value.why is wrong

    assert set(acts) == set(Wrong)
    assert box_state(county) == (BoxState.PACKING, "A")
