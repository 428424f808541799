"""Opening hours of the sites come into the rules, and due dates fall on open days."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import closing
from pathlib import Path

import msgspec
from click.testing import CliRunner, Result
from sqlalchemy import update

from kiosk.cli import main
from kiosk.demo.county import make_county
from kiosk.domain.policy import due_date
from kiosk.domain.rules import Calendar, Rules
from kiosk.domain.values import Site
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.hub.county import catalogue, sites
from sync.hub.county.audit import AuditFilter, entries
from sync.hub.county.calendars import Calendar as Hours
from sync.hub.county.calendars import read_special, read_week
from sync.hub.county.rule_file import as_file
from sync.hub.county.rulebook import current_rules, put_next, tell_calendars
from sync.hub.feed.feed import page
from sync.hub.store import schema
from sync.keys import public_hex, rules_are_genuine
from sync.protocol import RulesChanged
from tests.integration.desk_world import CLERK, Browser, browser, stranger
from tests.integration.hub_server import Server, enrolment, server, stranger_at
from tests.integration.hub_world import (
    DAY,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["browser", "county", "database_url", "hub", "server", "stranger"]

WEEKDAYS = Hours(read_week("mon-fri 09:00-17:00"))
#: The day on which a loan of 30 days made at NOON, a Friday, is due: a Sunday.
SUNDAY = dt.date(2026, 8, 2)


def set_hours(county: County, site_id: str, hours: Hours | None) -> Rules:
    """As desk and command do; the rules then in force."""
    with county.hub.database.writing() as conn:
        sites.set_calendar(conn, CLERK, site_id, hours, NOON)
        tell_calendars(conn, county.hub.key, CLERK, NOON)
        return current_rules(conn)


def due(county: County, number: int) -> dt.date:
    """When the hub says that a loan at A is due of which the kiosk promised nothing."""
    item = f"YL000{number}"
    county.send(county.k1.lends(item, county.refs["R1"], payload={"due_on": None}))
    (loan,) = [loan for loan in county.loans() if loan["item"] == item]
    found: dt.date = loan["due_on"]
    return found


def test_changed_rules_name_a_site_and_not_its_number(
    county: County, browser: Browser
) -> None:
    made = set_hours(county, "A", WEEKDAYS)

    assert "站点日历 · 马坪村" in browser.read(f"/desk/rules/{made.version}")


def test_hub_puts_a_due_date_on_the_next_open_day(county: County) -> None:
    assert due(county, 1) == SUNDAY

    set_hours(county, "A", WEEKDAYS)
    assert due(county, 2) == SUNDAY + DAY

    monday_off = read_special((SUNDAY + DAY).isoformat())
    set_hours(county, "A", Hours(WEEKDAYS.week, (monday_off,)))
    assert due(county, 3) == SUNDAY + 2 * DAY

    sunday_on = read_special(f"{SUNDAY} 09:00-12:00")
    set_hours(county, "A", Hours(WEEKDAYS.week, (sunday_on,)))
    assert due(county, 4) == SUNDAY


def test_kiosk_that_pulled_the_rules_says_the_same_day(
    county: County, tmp_path: Path
) -> None:
    set_hours(county, "A", WEEKDAYS)
    with county.hub.database.reading() as conn:
        told = page(conn, 0, 1000, NOON, "A")
    path = tmp_path / "mirror.db"

    with closing(MirrorWriter(path, public_hex(county.hub.key))) as mirror:
        mirror.apply_page(told)

    rules = MirrorReader(path).rules()
    assert rules is not None
    assert due_date(NOON.date(), 30, rules, "A") == due(county, 1) == SUNDAY + DAY
    assert due_date(NOON.date(), 30, rules, "B") == SUNDAY, "B has no hours"


def test_change_of_days_is_a_new_signed_version_and_noted(county: County) -> None:
    before = county.version()

    rules = set_hours(county, "A", WEEKDAYS)

    (changed,) = (c for c in county.feed(before) if isinstance(c, RulesChanged))
    assert changed.value.rules == rules
    assert rules.version == 2
    assert rules_are_genuine(changed.value, public_hex(county.hub.key))
    with county.hub.database.reading() as conn:
        (noted,) = entries(conn, AuditFilter(about="rules:2"), 5)
    assert (noted.who, noted.what) == (CLERK.name, "rules.calendars")


def test_change_of_hours_alone_makes_no_version(county: County) -> None:
    first = set_hours(county, "A", WEEKDAYS)

    second = set_hours(county, "A", Hours(read_week("mon-fri 10:00-16:00")))

    assert second.version == first.version


def test_hours_of_the_town_are_the_days_of_its_villages(county: County) -> None:
    """In the county that the demo shows."""
    rows = make_county().sites
    with county.hub.database.writing() as conn:
        catalogue.put_sites(
            conn,
            [
                Site(
                    row.site_id, row.name, row.short_name, row.level, row.parent or None
                )
                for row in rows
            ],
        )
    town = "0400"
    villages = [row.site_id for row in rows if row.parent == town]
    own, *others = villages

    set_hours(county, town, WEEKDAYS)
    rules = set_hours(county, own, Hours(read_week("sat-sun 09:00-12:00")))

    weekend = Calendar(closed_weekdays=(6, 7))
    assert others
    assert {site: rules.calendars[site] for site in (town, *others)} == dict.fromkeys(
        (town, *others), weekend
    )
    assert rules.calendars[own] == Calendar(closed_weekdays=(1, 2, 3, 4, 5))
    assert rules.calendars.keys() == {town, *villages}, "other towns have no hours"

    assert set_hours(county, own, None).calendars[own] == weekend


def test_rules_of_a_file_keep_the_days_of_the_sites(county: County) -> None:
    rules = set_hours(county, "A", WEEKDAYS)
    text = msgspec.json.encode(as_file(rules))

    with county.hub.database.writing() as conn:
        made = put_next(conn, text, county.hub.key, NOON)

    assert made.version == rules.version + 1
    assert made.calendars == rules.calendars != {}


def test_older_version_goes_on_to_judge_its_own_loans(county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"], payload={"due_on": None}))
    set_hours(county, "A", WEEKDAYS)
    county.send(county.k1.takes_back("YL0001", NOON + DAY))

    (loan,) = county.loans()
    assert loan["due_on"] == SUNDAY


def test_hours_typed_at_the_desk_come_into_force(
    browser: Browser, county: County
) -> None:
    answer = browser.post("/desk/sites/A/hours", week="mon-fri 09:00-17:00", special="")

    with county.hub.database.reading() as conn:
        rules = current_rules(conn)
    assert answer.status_code == 302
    assert rules.calendars == {"A": Calendar(closed_weekdays=(6, 7))}


def test_hours_typed_as_a_command_come_into_force_with_the_hubs_key(
    county: County, database_url: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "no" / "hub.key"
    words = ("site", "calendar", "A", "--week", "mon-fri 09:00-17:00")

    refused = command(database_url, *words, "--key", str(elsewhere))
    done = command(database_url, *words, "--key", str(tmp_path / "hub.key"))
    again = command(database_url, *words, "--key", str(elsewhere))
    shown = command(database_url, "rules", "show", "--json")

    codes = [result.exit_code for result in (refused, done, again, shown)]
    assert codes == [1, 0, 0, 0], (refused.output, done.output)
    assert "calendars" not in json.loads(shown.stdout)
    with county.hub.database.reading() as conn:
        assert current_rules(conn).calendars == {"A": Calendar((6, 7))}


def test_kiosk_enrolled_at_an_imported_site_gets_its_days(server: Server) -> None:
    hours = msgspec.json.encode(WEEKDAYS).decode()
    with server.database.writing() as conn:
        conn.execute(update(schema.sites).values(calendar=hours))
    stranger = stranger_at(server)

    stranger.call("POST", "/v1/enrol", enrolment(server.code(), stranger))

    with server.database.reading() as conn:
        assert current_rules(conn).calendars["A"] == Calendar((6, 7))


def command(url: str, *words: str) -> Result:
    runner = CliRunner(env={"TONGJIE_HUB_DATABASE": url})
    return runner.invoke(main, ["hub", *words])
