"""A reader's rights on the desk: agreed, handed out, erased."""

from __future__ import annotations

import io
import zipfile

from sync.hub.county.audit import Actor, AuditFilter, entries
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import set_standing
from sync.hub.privacy.consent import consents_of, put_text
from sync.hub.privacy.purge import purge
from tests.integration.desk_world import NAME, NOW, Browser, browser, stranger
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

STAFF = Actor("li", "command")


def page_of(county: County, what: str = "privacy", number: str = "R1") -> str:
    return f"/desk/patrons/{county.refs[number]}/{what}"


def test_reader_agrees_and_withdraws(browser: Browser, county: County) -> None:
    with county.hub.database.writing() as conn:
        put_text(conn, "我们只登记姓名。", "Your name only.", STAFF, NOON)

    browser.post(page_of(county, "consent"), purpose="history", step="give")
    page = browser.read(page_of(county))
    browser.post(page_of(county, "consent"), purpose="history", step="withdraw")

    assert "我们只登记姓名。" in page
    assert "张建华" not in page
    with county.hub.database.reading() as conn:
        (consent,) = consents_of(conn, county.refs["R1"])
    assert consent.taken_by == NAME
    assert consent.withdrawn_at == NOW


def test_agreeing_to_no_text_is_refused_in_words(
    browser: Browser, county: County
) -> None:
    answer = browser.post(page_of(county, "consent"), purpose="service", step="give")

    assert answer.status_code == 409


def test_data_are_given_out_with_a_reason_and_that_is_noted(
    browser: Browser, county: County
) -> None:
    refused = browser.post(page_of(county, "export"), reason="")
    given = browser.post(page_of(county, "export"), reason="asked at the desk")

    assert refused.status_code == 409
    with zipfile.ZipFile(io.BytesIO(given.data)) as archive:
        assert "patron.json" in archive.namelist()
    with county.hub.database.reading() as conn:
        (entry,) = entries(conn, AuditFilter(what="patron.export"), 5)
    assert (entry.who, entry.reason) == (NAME, "asked at the desk")


def test_erasing_takes_the_number_of_the_card(browser: Browser, county: County) -> None:
    wrong = browser.post(page_of(county, "erase"), number="R2")
    assert wrong.status_code == 409
    assert county.patron("R1") is not None

    browser.post(page_of(county, "erase"), number="R1")

    assert county.patron("R1") is None


def test_page_says_what_stands_against_erasing(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    page = browser.read(page_of(county))

    assert "还有书未归还" in page
    assert browser.post(page_of(county, "erase"), number="R1").status_code == 409


def test_county_sees_what_was_forgotten_and_who_looked(
    browser: Browser, county: County
) -> None:
    with county.hub.database.writing() as conn:
        set_standing(conn, STAFF, NAME, Standing(Role.ADMIN), NOW)
    purge(county.hub.database, STAFF, NOW)
    browser.post(page_of(county, "full"), reason="phone call")

    page = browser.read("/desk/privacy")

    assert "旧借阅" in page
    assert f"{NAME} 1" in page
