"""Transfers and boxes at the desk, and from the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from sync.hub import cli
from sync.hub.county.permits import Role, Standing
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.county.users import set_standing
from tests.integration.desk_world import CLERK, NAME, NOW, Browser, browser, stranger
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.transfer_world import lines, place, policy, sends

__all__ = ["browser", "county", "database_url", "hub", "stranger"]


@pytest.fixture
def away(county: County) -> County:
    """Two copies of A were returned at B, from where they go home."""
    policy(county, "B", ForeignReturn.RETURN_HOME)
    county.send(county.k2.takes_back("YL0001"), county.k2.takes_back("YL0002"))
    return county


def run(url: str, *words: str) -> Result:
    runner = CliRunner(env={"TONGJIE_HUB_DATABASE": url})
    return runner.invoke(cli.hub, words)


def read(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def keeper_of(county: County, site: str) -> None:
    with county.hub.database.writing() as conn:
        set_standing(conn, CLERK, NAME, Standing(Role.KEEPER, site), NOW)


def test_copies_are_sent_and_received_by_scanning_them(
    away: County, browser: Browser
) -> None:
    page = browser.read("/desk/transfers?site=B")
    assert "YL0001 围城" in page
    assert "全部 2 本发出" in page

    scans = "YL0001\r\nNOTHING\r\n"
    sent = browser.post("/desk/transfers/send", site="B", barcodes=scans)
    everything = browser.post("/desk/transfers/send", site="B", everything="1")
    came = browser.post("/desk/transfers/receive", site="A", barcodes="YL0001 YL0002")

    assert sent.status_code == 409
    assert "没有这本书" in sent.text
    assert (everything.status_code, came.status_code) == (200, 200)
    assert {state for *_, state in lines(away)} == {"received"}
    assert place(away, "YL0001") == "A"


@pytest.mark.usefixtures("away")
def test_slip_and_table_name_what_travels(browser: Browser) -> None:
    browser.post("/desk/transfers/send", site="B", barcodes="YL0001")

    slip = browser.read("/desk/transfers/slip?site=B&to=A")
    table = browser.get("/desk/transfers.csv?site=B")

    assert "物流单 上湾村 → 马坪村" in slip
    assert "YL0001" in slip
    assert "YL0002" not in slip
    assert table.data.startswith(b"\xef\xbb\xbf")
    assert "YL0002,围城,,B,A,home,wanted" in table.data.decode("utf-8-sig")


def test_keeper_moves_copies_at_the_own_site_alone(
    away: County, browser: Browser
) -> None:
    keeper_of(away, "B")

    other = browser.post("/desk/transfers/send", site="A", barcodes="YL0003")
    own = browser.post("/desk/transfers/send", site="B", barcodes="YL0001")

    assert (other.status_code, own.status_code) == (403, 200)
    assert browser.get("/desk/transfers?site=A").status_code == 404
    assert "YL0002" in browser.read("/desk/transfers")
    assert browser.post("/desk/transfers/send", site="none").status_code == 400


def test_late_copies_are_told_on_the_overview(away: County, browser: Browser) -> None:
    sends(away, "B", "YL0001", now=NOON)
    assert "0 件流转超期" in browser.read("/desk/")

    browser.now[0] = NOON + 8 * DAY
    browser.log_in()

    assert "1 件流转超期" in browser.read("/desk/")
    assert "发出 7 天以上未收到" in browser.read("/desk/transfers?site=hub")


def test_site_page_says_where_foreign_copies_go(
    county: County, browser: Browser
) -> None:
    wanted = {"foreign_return": "float"}

    assert browser.post("/desk/sites/B/returns", **wanted).status_code == 302
    assert browser.post("/desk/sites/B/returns", foreign_return="?").status_code == 400

    assert "浮动馆藏" in browser.read("/desk/sites/B")
    assert county.k2.site_id == "B"


def test_box_is_packed_sent_and_comes_back_with_a_missing_list(
    county: County, browser: Browser
) -> None:
    made = browser.post("/desk/boxes", box_id="bx0007", home_site="A")
    assert made.location == "/desk/boxes/BX0007"
    taken = browser.post("/desk/boxes", box_id="BX0007", home_site="A")
    assert taken.status_code == 409
    page = "/desk/boxes/BX0007"
    packed = browser.post(f"{page}/pack", barcodes="YL0001 YL0002 YL0003 NOTHING")
    assert "没有这本书" in packed.text
    browser.post(f"{page}/unpack", barcode="YL0003")
    browser.post(f"{page}/send", to_site="B", back_by="2026-12-31")
    assert "去程中 · 马坪村 → 上湾村 · 应回 2026-12-31" in browser.read(page)
    browser.now[0] += MINUTE
    assert browser.post(f"{page}/arrive").status_code == 302
    assert place(county, "YL0002") == "B"

    browser.now[0] += MINUTE
    back = browser.post(f"{page}/return", barcodes="YL0001")

    assert "装回 1 本，少了 1 本" in back.text
    assert "少了 1 本" in browser.read("/desk/boxes")
    assert browser.post(f"{page}/pack", barcodes="YL0004").status_code == 409


def test_day_that_is_none_leaves_the_box_and_what_was_typed(browser: Browser) -> None:
    browser.post("/desk/boxes", box_id="BX0001", home_site="A")
    browser.post("/desk/boxes/BX0001/pack", barcodes="YL0001")

    answer = browser.post("/desk/boxes/BX0001/send", to_site="B", back_by="soon")

    assert answer.status_code == 409
    assert "应回日期" in answer.text
    assert '<option value="B" selected>' in answer.text
    assert 'value="soon"' in answer.text
    assert "装箱中" in browser.read("/desk/boxes/BX0001")


def test_keeper_sees_a_box_only_if_it_is_for_the_own_site(
    county: County, browser: Browser
) -> None:
    browser.post("/desk/boxes", box_id="BX0001", home_site="hub")
    browser.post("/desk/boxes/BX0001/pack", barcodes="YL0001")
    browser.post("/desk/boxes/BX0001/send", to_site="B")
    keeper_of(county, "A")
    assert browser.get("/desk/boxes/BX0001").status_code == 404
    assert "BX0001" not in browser.read("/desk/boxes")

    keeper_of(county, "B")

    assert browser.post("/desk/boxes/BX0001/pack").status_code == 403
    assert browser.post("/desk/boxes/BX0001/arrive").status_code == 302
    assert place(county, "YL0001") == "B"


def test_command_lists_sends_and_receives(away: County, database_url: str) -> None:
    (first, second) = read(
        run(database_url, "transfers", "list", "--at", "B", "--json")
    )
    sent = run(database_url, "transfers", "send", "YL0001", "x", "--at", "B", "--json")
    rest = run(database_url, "transfers", "send", "--all", "--at", "B", "--json")
    came = run(database_url, "transfers", "receive", "--all", "--at", "A", "--json")

    assert (first["item"], second["item"]) == ("YL0001", "YL0002")
    assert first["state"] == "wanted"
    assert sent.exit_code == 1
    told = [json.loads(line) for line in sent.output.splitlines()]
    assert [one["problem"] for one in told] == [None, "unknown"]
    assert [one["item"] for one in read(rest)] == ["YL0002"]
    assert [one["item"] for one in read(came)] == ["YL0001", "YL0002"]
    assert place(away, "YL0002") == "A"


def test_command_wants_a_copy_elsewhere(county: County, database_url: str) -> None:
    words = ("transfers", "want", "YL0001", "hub", "--reason", "repair")

    (line,) = read(run(database_url, *words, "--json"))

    assert (line["from_site"], line["to_site"], line["reason"]) == (
        "A",
        "hub",
        "repair",
    )
    assert lines(county) == [("YL0001", "A", "hub", "wanted")]
    there = run(database_url, "transfers", "want", "YL0001", "A")
    assert (there.exit_code, "at A already" in there.output) == (1, True)
    nowhere = run(database_url, "transfers", "want", "YL0001", "none")
    assert "there is no site 'none'" in nowhere.output
    assert run(database_url, "transfers", "send", "--at", "A").exit_code == 2
    assert run(database_url, "transfers", "late-after", "9").exit_code == 0
    assert (
        "foreign returns: float"
        in run(database_url, "site", "returns", "A", "--foreign", "float").output
    )


@pytest.mark.usefixtures("county")
def test_command_moves_a_box_there_and_back(database_url: str) -> None:
    def boxes(*words: str) -> Result:
        return run(database_url, "boxes", *words, "--json")

    (made,) = read(boxes("add", "--home", "A"))
    read(boxes("pack", "BX0001", "YL0001", "YL0002", "--at", "A"))
    read(boxes("send", "BX0001", "B", "--at", "A", "--back-by", "2027-01-31"))
    (came,) = read(boxes("arrive", "BX0001", "--at", "B"))
    (done,) = read(boxes("return", "BX0001", "YL0001", "--at", "B"))
    (lost,) = read(boxes("missing"))
    (box,) = read(boxes("list"))

    assert made["box_id"] == "BX0001"
    assert came["items"] == ["YL0001", "YL0002"]
    assert (done["taken"], done["missing"]) == (["YL0001"], ["YL0002"])
    assert lost["item"] == "YL0002"
    assert (box["state"], box["back_by"]) == ("coming_back", "2027-01-31")
    assert len(read(boxes("show", "BX0001"))) == 2
    wrong = boxes("arrive", "BX0001", "--at", "B")
    assert (wrong.exit_code, "BX0001 is for A" in wrong.output) == (1, True)
