"""Staff place a hold for a reader: at the desk, for a title or for one copy."""

from __future__ import annotations

import pytest

from sync.hub.circulation.hold_acts import Deed, HoldError
from sync.hub.circulation.hold_placing import Wanted, place
from sync.hub.county.audit import AuditFilter, entries
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import set_standing
from sync.hub.store import schema
from sync.protocol import Kind
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

__all__ = ["browser", "county", "database_url", "hub", "stranger"]


def placed(here: County, reader: str, item: str = "YL0001", site: str = "A") -> str:
    with here.hub.database.writing() as conn:
        return place(conn, Wanted(here.refs[reader], item, site), Deed(CLERK, NOW))


def refusal(here: County, reader: str, item: str = "YL0001", site: str = "A") -> str:
    before = here.rows(schema.facts, "fact_id")
    with pytest.raises(HoldError) as caught:
        placed(here, reader, item, site)
    assert here.rows(schema.facts, "fact_id") == before
    return caught.value.code


def states(here: County) -> list[tuple[str, str]]:
    rows = here.rows(schema.holds, "placed_at")
    return [(row["state"], row["copy"]) for row in rows]


def test_reader_for_whom_staff_placed_a_hold_gets_the_next_copy(county: County) -> None:
    name = placed(county, "R1")

    told = county.verdict(county.k1.takes_back("YL0002", NOW + MINUTE))

    assert told.reason == "return.hold"
    assert states(county) == [("ready", "YL0002")]
    with county.hub.database.reading() as conn:
        (entry,) = entries(conn, AuditFilter(what="hold.placed"), 10)
    assert (entry.about, entry.who) == (f"hold:{name}", CLERK.name)


def test_reader_may_give_it_up_elsewhere_and_nobody_else(county: County) -> None:
    name = placed(county, "R1")

    for reader, state in (("R2", [("waiting", "")]), ("R1", [])):
        county.send(
            county.k2.event(
                Kind.HOLD_CANCEL,
                NOW + MINUTE,
                patron_ref=county.refs[reader],
                refers_to=name,
            )
        )
        assert states(county) == state


def test_hold_that_leads_nowhere_is_refused(county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R2"], NOON))
    placed(county, "R1")

    assert refusal(county, "R1") == "waits_already"
    assert refusal(county, "R2") == "has_it"
    assert refusal(county, "R3", item="NOTHING") == "no_copy"
    assert refusal(county, "R3", site="nowhere") == "no_site"
    bar = {"patron_ref": county.refs["R3"], "since": NOW - DAY, "lifted_by": ""}
    with county.hub.database.writing() as conn:
        conn.execute(schema.hold_bars.insert(), [{"bar_id": "b", **bar}])
    assert refusal(county, "R3") == "suspended"
    with county.hub.database.writing() as conn:
        conn.execute(schema.patrons.update().values(state="suspended"))
    assert refusal(county, "R3") == "card"


def test_no_more_holds_than_the_rules_allow(county: County) -> None:
    for number in range(5):
        county.send(
            county.k1.event(
                Kind.HOLD_PLACE,
                NOON,
                patron_ref=county.refs["R1"],
                payload={"title_id": f"x{number}"},
            )
        )

    assert refusal(county, "R1") == "limit"
    assert placed(county, "R2")


def test_desk_offers_it_on_the_page_of_book_and_of_reader(
    browser: Browser, county: County
) -> None:
    number = county.rows(schema.patrons, "number")[0]["number"]
    ref = county.rows(schema.patrons, "number")[0]["patron_ref"]
    assert "为读者预约" in browser.read("/desk/items/YL0001")
    assert f'name="reader" value="{number}"' in browser.get(f"/desk/patrons/{ref}").text

    form = {"reader": number, "book": "YL0001", "pick_up": "A"}
    done = browser.post("/desk/holds/place", **form)
    again = browser.post("/desk/holds/place", **form)

    assert "已登记预约" in browser.read(done.location)
    assert (again.status_code, states(county)) == (409, [("waiting", "")])
    assert "这位读者已经在等这本书" in again.text
    assert f'value="{number}"' in again.text


def test_keeper_places_holds_for_the_own_site_alone(
    browser: Browser, county: County
) -> None:
    number = county.rows(schema.patrons, "number")[0]["number"]
    with county.hub.database.writing() as conn:
        set_standing(conn, CLERK, NAME, Standing(Role.KEEPER, "A"), NOW)
    form = {"reader": number, "book": "YL0001"}

    assert browser.post("/desk/holds/place", pick_up="B", **form).status_code == 409
    unknown = browser.post("/desk/holds/place", book="YL0001", reader="?", pick_up="A")
    assert "没有这个读者证号" in unknown.text
    assert states(county) == []
    assert browser.post("/desk/holds/place", pick_up="A", **form).status_code == 302
    assert states(county) == [("waiting", "")]
