"""Holds in the feed: told while they are active, in a way that older kiosks can read."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import delete

from sync.hub.feed.feed import page
from sync.hub.store import schema
from sync.hub.store.upgrade import downgrade, upgrade
from sync.protocol import Change, Count, Event, FeedPage, Kind, Removed
from tests.integration.hub_world import MINUTE, NOON, County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]


class OlderPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page as kiosks know it that were made before there were holds in it."""

    changes: tuple[Change, ...]
    cursor: Count
    more: bool
    hub_time: dt.datetime


def wish(here: County) -> Event:
    event = here.k1.event(
        Kind.HOLD_PLACE,
        NOON,
        patron_ref=here.refs["R1"],
        payload={"title_id": "t1"},
    )
    here.send(event)
    return event


def told(here: County, cursor: int, site_id: str = "B") -> FeedPage:
    with here.hub.database.reading() as conn:
        return page(conn, cursor, 1000, NOON, site_id)


def test_hold_is_told_when_it_is_placed_and_when_its_copy_is_there(
    county: County,
) -> None:
    before = county.version()
    placed = wish(county)

    (waiting,) = told(county, before).holds
    assert (waiting.hold_id, waiting.title_id) == (placed.event_id, "t1")
    assert (waiting.patron_ref, waiting.site_id) == (county.refs["R1"], "A")
    assert (waiting.copy, waiting.keep_until) == ("", None)

    before = county.version()
    county.send(county.k1.takes_back("YL0001", NOON + MINUTE))

    (ready,) = told(county, before).holds
    assert (ready.copy, ready.copy_site) == ("YL0001", "A")
    assert ready.keep_until is not None


def test_hold_that_was_filled_is_removed(county: County) -> None:
    placed = wish(county)
    before = county.version()

    county.send(county.k1.lends("YL0001", county.refs["R1"], NOON + MINUTE))

    answer = told(county, before)
    assert answer.holds == ()
    assert Removed("hold", placed.event_id) in answer.changes


def test_holds_count_among_the_changes_of_a_page(county: County) -> None:
    wish(county)
    cursor, found, more = 0, 0, True
    while more:
        with county.hub.database.reading() as conn:
            part = page(conn, cursor, 4, NOON, "A")
        assert len(part.changes) + len(part.holds) <= 4
        cursor, more, found = part.cursor, part.more, found + len(part.holds)

    assert found == 1


def test_older_kiosk_reads_a_page_with_holds(county: County) -> None:
    wish(county)
    ours = told(county, 0)

    theirs = msgspec.json.decode(msgspec.json.encode(ours), type=OlderPage)

    assert ours.holds
    assert (theirs.changes, theirs.cursor) == (ours.changes, ours.cursor)


def test_holds_from_before_are_told_after_the_upgrade(county: County) -> None:
    placed = wish(county)
    database = county.hub.database
    downgrade(database, "0022")
    with database.writing() as conn:
        conn.execute(delete(schema.feed).where(schema.feed.c.kind == "hold"))
    before = county.version()

    upgrade(database)

    assert [hold.hold_id for hold in told(county, before).holds] == [placed.event_id]
    assert county.version() == before + 1
