"""Copies on their way between sites: what opens a line, and what ends it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations

import pytest
from sqlalchemy import select, update

from kiosk.domain.values import Site
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.county import catalogue
from sync.hub.county.audit import AuditFilter, entries
from sync.hub.county.item_files import UnknownItem
from sync.hub.county.site_tree import ForeignReturn, site_tree
from sync.hub.store import schema
from sync.hub.transfers import lists
from sync.hub.transfers.acts import Problem, Scanned
from sync.hub.transfers.lines import Reason, State
from sync.hub.transfers.wishes import BadTransfer, Wish, unwant, want
from sync.protocol import ItemChanged, Kind
from tests.integration.hub_orders import state_after
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
    HOUR,
    LATER,
    lines,
    place,
    policy,
    receives,
    sends,
)

__all__ = ["county", "database_url", "hub"]


@contextmanager
def working(county: County) -> Iterator[UnitOfWork]:
    with county.hub.database.writing() as conn, unit_of_work(conn) as work:
        yield work


def guests(county: County, site: str) -> list[str]:
    with county.hub.database.reading() as conn:
        return [one.item for one in lists.guests(conn, site)]


def test_foreign_return_opens_a_line_where_copies_go_home_alone(county: County) -> None:
    policies = (None, *ForeignReturn)

    for item, wanted in zip(ITEMS, policies, strict=False):
        policy(county, "B", wanted)
        county.send(county.k2.takes_back(item))

    home = ITEMS[policies.index(ForeignReturn.RETURN_HOME)]
    assert lines(county) == [(home, "B", "A", "wanted")]
    assert {place(county, item) for item in ITEMS[: len(policies)]} == {"B"}


def test_site_does_as_the_one_above_until_it_says_otherwise(county: County) -> None:
    policy(county, "hub", ForeignReturn.RETURN_HOME)
    policy(county, "B", ForeignReturn.FLOAT)

    county.send(county.k2.takes_back("YL0001"))

    with county.hub.database.reading() as conn:
        found = {one.site_id: one.foreign_return.value for one in site_tree(conn)}
        (last, _) = entries(conn, AuditFilter(what="site.foreign_return"), 9)
    assert found == {"hub": "return_home", "A": "return_home", "B": "float"}
    assert lines(county) == []
    assert (last.about, last.after) == ("site:B", {"foreign": "float"})
    policy(county, "B", None)
    county.send(county.k2.takes_back("YL0002"))
    assert lines(county) == [("YL0002", "B", "A", "wanted")]


def test_line_that_follows_from_a_return_goes_with_its_ground(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"))

    county.send(county.k2.lends("YL0001", county.refs["R1"], NOON + HOUR))

    assert lines(county) == []


def test_sent_copy_that_turns_up_elsewhere_overtakes_its_line(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"))
    sends(county, "B", "YL0001")

    county.send(county.k2.takes_back("YL0001", LATER + HOUR), now=LATER + DAY)

    assert lines(county) == [
        ("YL0001", "B", "A", "overtaken"),
        ("YL0001", "B", "A", "wanted"),
    ]


def test_copy_lent_where_it_was_to_go_has_come(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"))
    sends(county, "B", "YL0001")
    lent = county.k1.lends("YL0001", county.refs["R1"], LATER + HOUR)

    county.send(lent, now=LATER + DAY)

    (line,) = county.rows(schema.transfers, "item")
    assert (line["state"], line["ended_by"]) == ("received", lent.event_id)
    assert place(county, "YL0001") == "A"


def test_late_fact_does_not_take_back_what_staff_received_since(county: County) -> None:
    county.send(county.k2.takes_back("YL0001"))
    sends(county, "B", "YL0001")
    receives(county, "A", "YL0001")
    assert place(county, "YL0001") == "A"
    earlier = county.k2.lends("YL0001", county.refs["R1"], NOON + HOUR)
    back = county.k2.takes_back("YL0001", NOON + 2 * HOUR)

    county.send(earlier, back, now=LATER + 2 * DAY)

    assert place(county, "YL0001") == "A"
    assert lines(county) == [("YL0001", "B", "A", "received")]
    county.send(county.k2.takes_back("YL0001", LATER + 5 * DAY), now=LATER + 6 * DAY)
    assert place(county, "YL0001") == "B"


def test_every_order_of_arrival_leaves_the_same_lines(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"))
    sends(county, "B", "YL0001", now=NOON + 2 * HOUR)
    k1, k2 = county.k1, county.k2
    events = [
        k2.lends("YL0001", county.refs["R1"], NOON + HOUR),
        k2.takes_back("YL0001", NOON + 3 * HOUR),
        k1.takes_back("YL0001", NOON + 5 * HOUR),
        k2.takes_back("YL0001", NOON + 7 * HOUR),
    ]

    dice = random.Random(7)

    states = [
        state_after(county, [[one] for one in o])
        for o in dice.sample(list(permutations(events)), 6)
    ]

    assert all(state == states[0] for state in states)
    found = {line["opened_at"]: line["state"] for line in states[0]["transfers"]}
    assert list(found.values()) == ["overtaken", "wanted"]


@pytest.mark.parametrize("given_up", [False, True])
def test_copy_stays_for_its_reader_and_goes_home_if_given_up_in_any_order(
    county: County, *, given_up: bool
) -> None:
    """Control: the two ends differ."""
    policy(county, "B", ForeignReturn.RETURN_HOME)
    back = county.k2.takes_back("YL0001")
    hold = county.k2.event(
        Kind.HOLD_PLACE,
        NOON - HOUR,
        patron_ref=county.refs["R1"],
        payload={"title_id": "t1"},
    )
    cancel = county.k2.event(
        Kind.HOLD_CANCEL,
        NOON + HOUR,
        patron_ref=county.refs["R1"],
        refers_to=hold.event_id,
    )
    events = [back, hold, cancel] if given_up else [back, hold]

    states = [
        state_after(county, [[one] for one in order]) for order in permutations(events)
    ]

    assert all(state == states[0] for state in states)
    going = [line["to_site"] for line in states[0]["transfers"]]
    assert going == (["A"] if given_up else [])


def test_scanned_copies_travel_and_the_rest_is_told(county: County) -> None:
    """One that comes home without a line is received as well."""
    county.send(county.k2.takes_back("YL0001"), county.k2.takes_back("YL0002"))
    county.send(county.k2.takes_back("YL0005"))
    county.send(county.k2.lends("YL0003", county.refs["R1"]))
    assert receives(county, "A", "YL0005") == [Scanned("YL0005", "A")]
    before = county.version()

    done = sends(county, "B", "yl0001", "YL0003", "NOTHING", "YL0002", "YL0001")

    assert done == [
        Scanned("YL0001", "A"),
        Scanned("YL0003", problem=Problem.ON_LOAN),
        Scanned("NOTHING", problem=Problem.UNKNOWN),
        Scanned("YL0002", "A"),
    ]
    assert sends(county, "B", "YL0001") == [
        Scanned("YL0001", "A", Problem.SENT_ALREADY)
    ]
    assert sends(county, "A", "YL0004")[0].problem is Problem.BELONGS_HERE
    assert receives(county, "hub", "YL0001") == [
        Scanned("YL0001", "A", Problem.GOES_ELSEWHERE)
    ]
    assert receives(county, "A", "YL0001") == [Scanned("YL0001", "A")]
    assert sorted(one for *_, one in lines(county)) == ["received", "received", "sent"]
    with county.hub.database.reading() as conn:
        acts = entries(conn, AuditFilter(about="item:YL0001"), 9)
    assert [(one.who, one.what) for one in acts] == [
        ("li", "transfer.receive"),
        ("li", "transfer.send"),
    ]
    fed = {
        one.value.barcode for one in county.feed(before) if isinstance(one, ItemChanged)
    }
    assert fed == {"YL0001"}


def test_copy_for_a_hold_goes_there_before_it_goes_home(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"))
    wish = Wish("hub", Reason.HOLD, "hold-1")

    with working(county) as work:
        first = want(work, "YL0001", wish, LATER)
        again = want(work, "YL0001", wish, LATER + HOUR)

    assert first == again
    assert lines(county) == [("YL0001", "B", "hub", "wanted")]
    county.send(county.k2.takes_back("YL0002"))  # another play of the same shelf
    assert sends(county, "B", "YL0001") == [Scanned("YL0001", "hub")]
    assert receives(county, "hub", "YL0001") == [Scanned("YL0001", "hub")]
    assert place(county, "YL0001") == "hub"


def test_copy_kept_for_a_reader_where_it_was_returned_stays(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    k2, refs = county.k2, county.refs
    wish = {"patron_ref": refs["R2"], "payload": {"title_id": "t1"}}
    county.send(k2.event(Kind.HOLD_PLACE, NOON, **wish))

    county.send(k2.takes_back("YL0001", NOON + HOUR))
    county.send(k2.takes_back("YL0002", NOON + HOUR))

    assert lines(county) == [("YL0002", "B", "A", "wanted")]
    assert sends(county, "B", "YL0001") == [Scanned("YL0001", "", Problem.ON_HOLD)]
    assert guests(county, "B") == []


def test_wish_without_its_ground_is_off_the_list_unless_it_left(county: County) -> None:
    """And one for nothing or nowhere never gets there."""
    with working(county) as work:
        for item in ("YL0001", "YL0002"):
            want(work, item, Wish("B", Reason.HOLD, f"hold-{item}"), NOON)
    sends(county, "A", "YL0001")

    with working(county) as work:
        for item in ("YL0001", "YL0002"):
            unwant(work, item, f"hold-{item}")

    assert lines(county) == [("YL0001", "A", "B", "sent")]
    with working(county) as work:
        with pytest.raises(UnknownItem, match="NOTHING"):
            want(work, "NOTHING", Wish("B", Reason.REPAIR, ""), NOON)
        with pytest.raises(BadTransfer, match="nowhere"):
            want(work, "YL0001", Wish("nowhere", Reason.REPAIR, ""), NOON)
        assert want(work, "YL0001", Wish("A", Reason.REPAIR, ""), NOON) is None


def test_lists_of_a_site_name_what_to_send_and_to_receive(county: County) -> None:
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"), county.k2.takes_back("YL0002"))
    sends(county, "B", "YL0002")

    with county.hub.database.reading() as conn:
        (wanted,) = lists.to_send(conn, "B", LATER)
        (coming,) = lists.to_receive(conn, "A", LATER)
        assert lists.to_send(conn, "A", LATER) == []
        slip = lists.sent_since(conn, ("B", "A"), LATER - HOUR, LATER)

    assert (wanted.item, wanted.title, wanted.to_site) == ("YL0001", "围城", "A")
    assert (coming.item, coming.state, coming.sent_by) == ("YL0002", State.SENT, "li")
    assert slip == [coming]


def test_copy_that_is_days_on_its_way_is_an_exception(county: County) -> None:
    county.send(county.k2.takes_back("YL0001"))
    sends(county, "B", "YL0001")

    def late(days: int, reach: frozenset[str] | None = None) -> list[str]:
        with county.hub.database.reading() as conn:
            now = LATER + days * DAY
            found = lists.late(conn, now, reach)
            assert lists.count_late(conn, now, reach) == len(found)
            return [one.item for one in found if one.late]

    assert late(7) == []
    assert late(8) == ["YL0001"]
    assert late(8, frozenset({"A"})) == ["YL0001"]
    assert late(8, frozenset({"hub"})) == []
    with county.hub.database.writing() as conn:
        lists.set_late_days(conn, 30)
    assert late(8) == []


def test_van_is_told_which_copies_wait_for_it_and_do_not_float(county: County) -> None:
    items, k2 = schema.items, county.k2
    county.send(*(k2.takes_back(item) for item in ITEMS[:4]))
    county.send(k2.lends("YL0003", county.refs["R1"], NOON + HOUR))
    sends(county, "B", "YL0004")
    assert guests(county, "B") == ["YL0001", "YL0002"]
    assert guests(county, "A") == []
    with county.hub.database.writing() as conn:
        other = update(items).where(items.c.barcode == "YL0002")
        conn.execute(other.values(owner="CN-629900-2-OTHER"))
    policy(county, "hub", ForeignReturn.FLOAT)

    assert guests(county, "B") == ["YL0002"]
    with county.hub.database.writing() as conn:
        far = Site("B", "上湾村借阅点", "上湾村", "point", "hub", "CN-629900-2-OTHER")
        catalogue.put_sites(conn, [far])
    assert guests(county, "B") == ["YL0001"]
    if not county.hub.database.is_shared:  # PostgreSQL reads so small a table whole
        assert "ix_items_away" in plan_of_the_van(county)


def plan_of_the_van(county: County) -> str:
    """How SQLite finds the copies that are away from home."""
    table = schema.items.c
    away = select(table.barcode).where(
        table.current_site == "B", table.current_site != table.home_site
    )
    query = away.compile(compile_kwargs={"literal_binds": True})
    with county.hub.database.reading() as conn:
        return str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())
