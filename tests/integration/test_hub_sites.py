"""The tree of sites: it changes, and what it was is kept."""

from __future__ import annotations

import pytest

from kiosk.domain.values import Site
from sync.hub.county import catalogue, site_tree, sites
from sync.hub.county.audit import AuditFilter, entries
from sync.hub.county.calendars import Calendar, read_week
from sync.hub.county.site_tree import BadSite, Former, Kind, Profile, State, Why
from sync.hub.store.database import Database
from sync.hub.store.setup import Hub
from sync.hub.store.upgrade import downgrade, upgrade
from tests.integration.desk_world import CLERK, Browser, browser, stranger
from tests.integration.hub_world import MINUTE, NOON, County, county, database_url, hub

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

TREE = (
    Site("hub", "云岭县图书馆", "县馆", "HUB"),
    Site("T1", "四门镇分馆", "四门镇", "BRANCH", "hub"),
    Site("T2", "上湾镇分馆", "上湾镇", "BRANCH", "hub"),
    Site("V1", "马坪村借阅点", "马坪村", "POINT", "T1"),
    Site("bus", "流动图书车", "图书车", "POINT", "hub"),
)
WEEK = Calendar(read_week("mon-fri 09:00-17:00"))


@pytest.fixture
def store(hub: Hub) -> Database:
    """Two towns, a village and a book bus."""
    with hub.database.writing() as conn:
        for site in TREE:
            kind = Kind.MOBILE if site.site_id == "bus" else Kind.VILLAGE_CENTRE
            sites.add_site(conn, CLERK, site, kind, Profile(address="路口"), NOON)
    return hub.database


def tree(store: Database) -> list[tuple[str, int]]:
    with store.reading() as conn:
        return [(site.site_id, site.depth) for site in site_tree.site_tree(conn)]


def refusal(store: Database, site: Site) -> Why:
    with pytest.raises(BadSite) as caught, store.writing() as conn:
        sites.add_site(conn, CLERK, site, Kind.SCHOOL, Profile(), NOON)
    return caught.value.why


def test_tree_is_listed_from_the_top(store: Database) -> None:
    assert tree(store) == [("hub", 0), ("T1", 1), ("V1", 2), ("T2", 1), ("bus", 1)]


def test_village_moves_to_another_town_and_its_past_is_kept(store: Database) -> None:
    with store.writing() as conn:
        sites.move_site(conn, CLERK, "V1", "T2", NOON + MINUTE, "new road")

    with store.reading() as conn:
        assert site_tree.history(conn, "V1") == [
            Former(NOON + MINUTE, "T1", State.OPEN)
        ]
        (last, *_) = entries(conn, AuditFilter(about="site:V1"), 5)
    assert ("V1", 2) in tree(store)[2:]
    assert (last.before, last.after) == ({"parent": "T1"}, {"parent": "T2"})
    assert last.reason == "new road"


def test_closed_site_stays_in_the_tree_with_its_past(store: Database) -> None:
    with store.writing() as conn:
        sites.close_site(conn, CLERK, "V1", NOON + MINUTE, "moved away")
        sites.reopen_site(conn, CLERK, "V1", NOON + 2 * MINUTE, "came back")

    with store.reading() as conn:
        past = site_tree.history(conn, "V1")
    assert [former.state for former in past] == [State.CLOSED, State.OPEN]
    assert ("V1", 2) in tree(store)


def test_site_in_use_is_not_closed(county: County) -> None:
    for site_id, named in (("hub", "A, B"), ("A", "k1")):
        with (
            pytest.raises(BadSite, match=named),
            county.hub.database.writing() as conn,
        ):
            sites.close_site(conn, CLERK, site_id, NOON, "no money")


def test_site_that_can_not_stand_there_is_refused(store: Database) -> None:
    before = tree(store)
    table = [
        ("V1", "POINT", "T1", Why.TAKEN),
        ("", "POINT", "T1", Why.INCOMPLETE),
        ("V9", "POINT", "nowhere", Why.UNKNOWN),
        ("V9", "POINT", None, Why.ORPHAN),
        ("V9", "POINT", "V1", Why.LEVEL),
        ("T9", "BRANCH", "T1", Why.LEVEL),
        ("V9", "PALACE", "T1", Why.LEVEL),
    ]

    for site_id, level, parent, why in table:
        assert refusal(store, Site(site_id, "站", "站", level, parent)) is why

    assert tree(store) == before


def test_no_site_comes_to_lie_below_itself(store: Database) -> None:
    for site_id, parent in (("T1", "V1"), ("T1", "T1"), ("hub", "T1")):
        with pytest.raises(BadSite), store.writing() as conn:
            sites.move_site(conn, CLERK, site_id, parent, NOON)

    bent = [Site("T1", "四门镇", "四门镇", "BRANCH", "T2")]
    bent += [Site("T2", "上湾镇", "上湾镇", "BRANCH", "T1")]
    with pytest.raises(BadSite, match="T1, T2, V1"), store.writing() as conn:
        catalogue.put_sites(conn, bent)
    assert len(tree(store)) == len(TREE)


def test_village_has_the_hours_of_its_town_until_it_has_its_own(
    store: Database,
) -> None:
    own = Calendar(read_week("sat 09:00-12:00"))
    with store.writing() as conn:
        sites.set_calendar(conn, CLERK, "T1", WEEK, NOON)
    with store.reading() as conn:
        before = {one.site_id: one.calendar for one in site_tree.site_tree(conn)}
    with store.writing() as conn:
        sites.set_calendar(conn, CLERK, "V1", own, NOON)
    with store.reading() as conn:
        after = {one.site_id: one.calendar for one in site_tree.site_tree(conn)}

    assert (before["T1"], before["V1"], before["T2"]) == (WEEK, WEEK, None)
    assert (after["T1"], after["V1"]) == (WEEK, own)


def test_import_of_sites_leaves_kind_and_hours_alone(store: Database) -> None:
    with store.writing() as conn:
        sites.set_calendar(conn, CLERK, "V1", WEEK, NOON)
        catalogue.put_sites(conn, [TREE[3]])

    with store.reading() as conn:
        (village,) = [one for one in site_tree.site_tree(conn) if one.site_id == "V1"]
    assert (village.kind, village.calendar) == (Kind.VILLAGE_CENTRE, WEEK)
    assert village.profile.address == "路口"


def test_sites_outlive_a_step_back_to_the_schema_without_a_tree(
    store: Database,
) -> None:
    downgrade(store, "0012")
    upgrade(store)

    assert len(tree(store)) == len(TREE)


def test_staff_add_move_and_close_a_site_on_the_desk(browser: Browser) -> None:
    added = browser.post(
        "/desk/sites",
        site_id="T9",
        name="四门镇分馆",
        level="BRANCH",
        kind="township_station",
        parent="hub",
    )
    moved = browser.post("/desk/sites/B/move", parent="T9", reason="归四门镇管")
    hours = browser.post("/desk/sites/T9/hours", week="mon-fri 09:00-17:00")

    assert [answer.status_code for answer in (added, moved, hours)] == [302, 302, 302]
    page = browser.read("/desk/sites/B")
    assert "09:00–17:00" in page
    assert "四门镇分馆" in page
    in_use = browser.post("/desk/sites/B/close", reason="搬走了")
    assert in_use.status_code == 409
    assert "还有在用的设备" in in_use.text


def test_hours_that_nobody_can_read_are_told_and_not_kept(browser: Browser) -> None:
    answer = browser.post("/desk/sites/A/hours", week="every day")

    assert answer.status_code == 409
    assert "every day" in answer.text
    assert "还没有填写开放时间" in browser.read("/desk/sites/A")
