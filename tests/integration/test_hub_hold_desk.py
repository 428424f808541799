"""The desk's pages about holds, and `tongjie hub holds`, as staff use them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from click.testing import CliRunner

from kiosk.domain.values import Title
from sync.hub.cli import hub as hub_commands
from sync.hub.county import catalogue
from sync.hub.county.permits import Role, Standing
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.county.sites import set_foreign_return
from sync.hub.county.users import set_standing
from sync.hub.store import schema
from sync.protocol import Event, Kind
from tests.integration.desk_world import (
    CLERK,
    NAME,
    NOW,
    Browser,
    browser,
    stranger,
)
from tests.integration.hub_world import (
    MINUTE,
    NOON,
    County,
    Kiosk,
    county,
    database_url,
    hub,
)

__all__ = ["browser", "county", "database_url", "hub", "stranger"]


def wish(here: County, kiosk: Kiosk, reader: str, at: dt.datetime = NOON) -> Event:
    event = kiosk.event(
        Kind.HOLD_PLACE,
        at,
        patron_ref=here.refs[reader],
        payload={"title_id": "t1"},
    )
    here.send(event, now=max(at, NOON + MINUTE))
    return event


def become(here: County, standing: Standing) -> None:
    with here.hub.database.writing() as conn:
        set_standing(conn, CLERK, NAME, standing, NOW)


def states(here: County) -> list[str]:
    return [row["state"] for row in here.rows(schema.holds, "placed_at")]


def test_keeper_fetches_a_book_with_the_scanner(
    browser: Browser, county: County
) -> None:
    wish(county, county.k1, "R1")
    become(county, Standing(Role.KEEPER, "A"))
    page = browser.read("/desk/holds")
    assert "围城" in page
    assert "张*华 *" in page

    done = browser.post("/desk/holds/scan", site="A", barcode="YL0003")
    shown = browser.read(done.location)

    assert states(county) == ["ready"]
    assert "请放到预约架" in shown
    assert "没有要找的书" in shown
    assert "YL0003" in shown


@pytest.mark.usefixtures("county")
def test_scan_that_leads_nowhere_says_why(browser: Browser) -> None:
    answer = browser.post("/desk/holds/scan", site="A", barcode="YL0003")

    assert answer.status_code == 409
    assert "没有人预约这本书" in answer.text
    assert browser.post("/desk/holds/scan", barcode="YL0003").status_code == 400


def test_copy_that_was_not_found_leaves_the_list(
    browser: Browser, county: County
) -> None:
    mine = wish(county, county.k1, "R1")
    form = {"site": "A", "hold_id": mine.event_id}

    some = ["YL0001", "YL0002", "YL0003", "YL0004", "YL0005"]
    answer = browser.post_many("/desk/holds/missing", ("barcode", some), **form)

    page = browser.read(answer.location)
    assert "YL0005" not in page
    assert "YL0006" in page


def test_what_was_not_found_by_mistake_is_looked_for_again(
    browser: Browser, county: County
) -> None:
    mine = wish(county, county.k1, "R1")
    name = mine.event_id
    every = [row["barcode"] for row in county.rows(schema.items, "barcode")]
    for missing in (every, every):
        form = {"site": "A", "hold_id": name}
        browser.post_many("/desk/holds/missing", ("barcode", missing), **form)
        assert county.cases() == {"hold_not_found": "medium"}
        assert "没有要找的书" in browser.read("/desk/holds?site=A")
        assert "再找一遍" in browser.read("/desk/holds/queue")

        assert browser.post("/desk/holds/again", hold_id=name).status_code == 302

        assert county.cases() == {}
        assert "YL0001" in browser.read("/desk/holds?site=A")
        assert "再找一遍" not in browser.read("/desk/holds/queue")
    become(county, Standing(Role.KEEPER, "B"))
    assert browser.post("/desk/holds/again", hold_id=name).status_code == 409


def test_keeper_of_another_site_neither_sees_nor_touches_a_hold(
    browser: Browser, county: County
) -> None:
    mine = wish(county, county.k1, "R1")
    become(county, Standing(Role.KEEPER, "B"))

    assert "围城" not in browser.read("/desk/holds?site=A")
    assert "围城" not in browser.read("/desk/holds/queue?site=A")
    assert "围城" not in browser.get("/desk/holds/pull.csv?site=A").text
    form = {"hold_id": mine.event_id, "reason": "no", "barcode": "YL0001"}
    assert browser.post("/desk/holds/cancel", **form).status_code == 409
    assert browser.post("/desk/holds/missing", site="B", **form).status_code == 409
    assert browser.post("/desk/holds/scan", site="A", **form).status_code == 400
    assert states(county) == ["waiting"]
    become(county, Standing(Role.KEEPER, "A"))
    assert "围城" in browser.read("/desk/holds")
    assert browser.post("/desk/holds/cancel", **form).status_code == 302
    assert states(county) == ["cancelled"]


def test_book_of_an_ended_hold_is_shown_and_cleared(
    browser: Browser, county: County
) -> None:
    mine = wish(county, county.k1, "R1")
    county.send(county.k1.takes_back("YL0001", NOON + MINUTE))
    assert "2026-07-08" in browser.read("/desk/holds?site=A")
    assert "请撤下" not in browser.read("/desk/holds?site=A")

    browser.post("/desk/holds/cancel", hold_id=mine.event_id, reason="读者来电取消")
    assert "请撤下" in browser.read("/desk/holds?site=A")
    browser.post("/desk/holds/back", site="A", hold_id=mine.event_id)

    assert "预约架上没有书" in browser.read("/desk/holds?site=A")


def test_book_of_an_ended_hold_goes_home_where_guests_are_sent_home(
    browser: Browser, county: County
) -> None:
    """Control: at a site that lends them on, it stays."""
    for policy, words, ways in (
        (ForeignReturn.KEEP_UNTIL_ROUTE, "请放回书架", []),
        (ForeignReturn.RETURN_HOME, "送回", [("B", "A", "home", "wanted")]),
    ):
        mine = wish(county, county.k2, "R1")
        with county.hub.database.writing() as conn:
            set_foreign_return(conn, CLERK, "B", policy, NOON)
        copy = {"site": "B", "barcode": "YL0001"}
        browser.post("/desk/holds/scan", **copy)
        browser.post("/desk/holds/cancel", hold_id=mine.event_id, reason="moved away")

        done = browser.post("/desk/holds/scan", **copy)

        assert words in browser.read(done.location)
        rows = county.rows(schema.transfers, "opened_at")
        names = ("from_site", "to_site", "reason", "state")
        assert [tuple(row[name] for name in names) for row in rows] == ways


def test_pull_list_as_a_table_is_safe_to_open(browser: Browser, county: County) -> None:
    with county.hub.database.writing() as conn:
        catalogue.put_titles(conn, [Title("t1", "=1+1", "钱锺书", clc="I246.5")])
    wish(county, county.k2, "R1")

    text = browser.get("/desk/holds/pull.csv").get_data().decode("utf-8-sig")

    names, line = csv.reader(io.StringIO(text))
    assert names[0] == "所在站点"
    assert line[1:4] == ["I246.5", "'=1+1", "钱锺书"]
    assert line[6] == "上湾村"


def test_pages_are_there_in_english(browser: Browser, county: County) -> None:
    wish(county, county.k1, "R1")
    browser.post("/desk/language", language="en", page="/desk/holds")

    assert "To fetch from the shelf" in browser.read("/desk/holds?site=A")
    assert "waiting" in browser.read("/desk/holds/queue")


def test_staff_lift_a_suspension(browser: Browser, county: County) -> None:
    reader = county.refs["R1"]
    bar = {"bar_id": "b", "patron_ref": reader, "since": NOON, "lifted_by": ""}
    with county.hub.database.writing() as conn:
        conn.execute(schema.hold_bars.insert(), [bar])
    assert "张*华" in browser.read("/desk/holds/queue")

    browser.post("/desk/holds/lift", patron_ref=reader)

    assert "张*华" not in browser.read("/desk/holds/queue")
    assert browser.post("/desk/holds/lift", patron_ref=reader).status_code == 409


def test_commands_tell_who_waits_and_what_to_fetch(county: County) -> None:
    wish(county, county.k2, "R1")

    (waits,) = run(county, "list")
    (fetch,) = run(county, "pull-list", "--site", "A")

    assert (waits["state"], waits["pick_up"]) == ("waiting", "B")
    assert fetch["barcodes"][0] == "YL0001"
    assert fetch["patron"] == "张*华"
    assert run(county, "pull-list", "--site", "B") == []


def test_upkeep_ends_what_nobody_fetched(county: County) -> None:
    """By the clock of this machine, as a timer runs it."""
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
    wish(county, county.k1, "R1", long_ago)
    assert run(county, "run") == [{"expired": 0, "suspended": 0}]
    back = county.k1.takes_back("YL0001", long_ago + MINUTE)
    county.send(back, now=long_ago + MINUTE)

    assert run(county, "run") == [{"expired": 1, "suspended": 0}]

    assert states(county) == ["expired"]


def run(here: County, *words: str) -> list[dict[str, object]]:
    url = here.hub.database.engine.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(
        hub_commands, ["holds", *words, "--database", url, "--json"]
    )
    if done.exit_code:
        pytest.fail(done.output)
    return [json.loads(line) for line in done.stdout.splitlines()]
