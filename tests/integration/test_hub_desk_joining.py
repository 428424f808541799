"""Registering a reader at the desk: not without consent to the text as it is."""

from __future__ import annotations

import pytest

from sync.hub.county.audit import Actor
from sync.hub.privacy.consent import consents_of, put_text, without_consent
from sync.hub.store import schema
from tests.integration.desk_world import Browser, browser, stranger
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

STAFF = Actor("li", "command")
FORM = {"number": "R700", "name": "孙丽", "patron_type": "ADULT"}


@pytest.fixture
def text(county: County) -> int:
    """The version in force; there was one before."""
    with county.hub.database.writing() as conn:
        put_text(conn, "旧文本", "old text", STAFF, NOON)
        return put_text(conn, "我们只登记……", "We keep only …", STAFF, NOON).version


def numbers(county: County) -> set[str]:
    return {row["number"] for row in county.rows(schema.patrons, "number")}


def test_reader_who_agrees_is_registered_with_version_and_witness(
    browser: Browser, county: County, text: int
) -> None:
    form = browser.read("/desk/patrons/new")
    made = browser.post("/desk/patrons", **FORM, consent=str(text))

    assert "我们只登记" in form
    assert made.status_code == 302
    with county.hub.database.reading() as conn:
        ref = made.headers["Location"].rpartition("/")[2]
        (given,) = consents_of(conn, ref)
        assert "R700" not in without_consent(conn, "", 10)
    assert (given.version, given.given_by) == (text, None)
    assert given.taken_by


@pytest.mark.usefixtures("text")
@pytest.mark.parametrize("agreed", ["", "1", "nonsense"])
def test_nobody_is_registered_without_consent_to_the_text_in_force(
    browser: Browser, county: County, agreed: str
) -> None:
    refused = browser.post("/desk/patrons", **FORM, consent=agreed)

    assert refused.status_code == 409
    assert "consent" in refused.text
    assert "R700" not in numbers(county)


def test_child_is_registered_with_a_guardian_only(
    browser: Browser, county: County, text: int
) -> None:
    child = {**FORM, "birth_year": str(NOON.year - 9), "consent": str(text)}

    alone = browser.post("/desk/patrons", **child)
    guarded = browser.post("/desk/patrons", **child, guardian="R1")

    assert alone.status_code == 409
    assert "guardian" in alone.text
    assert guarded.status_code == 302
    with county.hub.database.reading() as conn:
        (given,) = consents_of(conn, guarded.headers["Location"].rpartition("/")[2])
    assert given.given_by == county.refs["R1"]


def test_county_without_a_text_registers_and_lists_who_has_not_agreed(
    browser: Browser, county: County
) -> None:
    made = browser.post("/desk/patrons", **FORM)

    assert made.status_code == 302
    with county.hub.database.reading() as conn:
        assert "R700" in without_consent(conn, "", 10)
