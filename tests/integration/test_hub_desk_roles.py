"""Every page of the desk against every role, and no look into another's subtree."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask
from sqlalchemy import insert, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from kiosk.domain.values import Site
from sync.hub.county import catalogue
from sync.hub.county.permits import LOCAL, Role, Standing, reach
from sync.hub.county.site_tree import parents_of_sites
from sync.hub.county.users import set_standing
from sync.hub.desk.permission import action_of
from sync.hub.door.app import create_app
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.desk_world import (
    CLERK,
    NAME,
    NOW,
    Browser,
    browser,
    stranger,
)
from tests.integration.hub_world import (
    DAY,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

ADMIN = {Role.ADMIN}
COUNTY = {Role.STAFF, *ADMIN}
WORK = {Role.TOWN, *COUNTY}
RECORDS = {Role.KEEPER, *WORK}
SITES = {Role.BUREAU, *RECORDS}
EVERYBODY = {Role.ASSESSOR, *SITES}

#: A page of the desk → who may. A new page needs a line here.
MAY: Mapping[str, set[Role]] = {
    "audit": ADMIN,
    "audit_check": ADMIN,
    "box": RECORDS,
    "box_add": COUNTY,
    "box_arrive": RECORDS,
    "box_pack": RECORDS,
    "box_return": RECORDS,
    "box_send": RECORDS,
    "box_unpack": RECORDS,
    "boxes": RECORDS,
    "case": RECORDS,
    "case_bulk": WORK,
    "case_resolve": WORK,
    "case_undo": WORK,
    "cases": RECORDS,
    "events": RECORDS,
    "events_now": RECORDS,
    "hold_again": RECORDS,
    "hold_back": RECORDS,
    "hold_cancel": RECORDS,
    "hold_lift": COUNTY,
    "hold_missing": RECORDS,
    "hold_place": RECORDS,
    "hold_queue": RECORDS,
    "hold_scan": RECORDS,
    "holds": RECORDS,
    "holds_csv": RECORDS,
    "item": RECORDS,
    "item_change": COUNTY,
    "items": RECORDS,
    "library": COUNTY,
    "library_retry": COUNTY,
    "loans": RECORDS,
    "logout": EVERYBODY,
    "overview": EVERYBODY,
    "overview_now": EVERYBODY,
    "password": EVERYBODY,
    "password_change": EVERYBODY,
    "patron": COUNTY,
    "patron_add": COUNTY,
    "patron_card": COUNTY,
    "patron_card_new": COUNTY,
    "patron_card_state": COUNTY,
    "patron_change": COUNTY,
    "patron_consent": COUNTY,
    "patron_erase": COUNTY,
    "patron_export": COUNTY,
    "patron_full": COUNTY,
    "patron_new": COUNTY,
    "patron_privacy": COUNTY,
    "patron_state": COUNTY,
    "patrons": COUNTY,
    "privacy": ADMIN,
    "rules": SITES,
    "rules_file": SITES,
    "rules_preview": ADMIN,
    "rules_put": ADMIN,
    "rules_version": SITES,
    "site": SITES,
    "site_add": COUNTY,
    "site_change": COUNTY,
    "site_close": COUNTY,
    "site_hours": COUNTY,
    "site_move": COUNTY,
    "site_record": COUNTY,
    "site_reopen": COUNTY,
    "site_returns": COUNTY,
    "sites": SITES,
    "transfers": RECORDS,
    "transfers_csv": RECORDS,
    "transfers_receive": RECORDS,
    "transfers_send": RECORDS,
    "transfers_slip": RECORDS,
    "user_add": ADMIN,
    "user_disabled": ADMIN,
    "user_password": ADMIN,
    "user_role": ADMIN,
    "users": ADMIN,
}
#: Shown to those who are not logged in, too.
OPEN = {"login", "enter", "language", "static"}
#: Where kiosks come in, with signatures and not with a staff session; and the root.
NOT_OF_THE_DESK = {
    "api.changes",
    "api.enrol",
    "api.events",
    "api.healthz",
    "api.heartbeat",
    "home",
    "static",
}


@pytest.fixture
def app(hub: Hub) -> Flask:
    return create_app(hub)


def desk_rules(app: Flask) -> Iterator[tuple[str, Rule, str]]:
    """Each page's name, rule and method."""
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.rpartition(".")
        if blueprint == "desk" and name not in OPEN:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield name, rule, method


def path_of(rule: Rule) -> str:
    """An address of the page, about something that there is not."""
    return re.sub(r"<(int:)?[^>]*>", lambda m: "0" if m[1] else "none", rule.rule)


def test_every_route_of_the_hub_has_its_line(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    of_desk = {r.endpoint[5:] for r in rules if r.endpoint.startswith("desk.")}
    others = {r.endpoint for r in rules if not r.endpoint.startswith("desk.")}

    assert of_desk - OPEN == MAY.keys()
    assert others == NOT_OF_THE_DESK


def test_every_page_says_what_it_does(app: Flask) -> None:
    silent = [
        rule.endpoint
        for _, rule, _ in desk_rules(app)
        if action_of(app.view_functions[rule.endpoint]) is None
    ]

    assert silent == []


def test_page_that_says_nothing_is_shown_to_nobody(
    stranger: Browser, county: County
) -> None:
    become(county, Standing(Role.ADMIN))
    views = stranger.client.application.view_functions
    stranger.log_in()
    views["desk.overview"] = lambda: "everything"

    assert stranger.get("/desk/").status_code == 403


def test_each_role_opens_its_pages_and_no_other(
    stranger: Browser, county: County
) -> None:
    rules = list(desk_rules(stranger.client.application))
    wrong = []

    for role in Role:
        become(county, Standing(role, "A" if role in LOCAL else None))
        stranger.log_in()
        for name, rule, method in sorted(rules, key=lambda each: each[0] == "logout"):
            answer = asked(stranger, path_of(rule), method)
            assert answer.status_code < 500, (role, name, answer.status)
            if (answer.status_code != 403) != (role in MAY[name]):
                wrong.append((role.value, name, method, answer.status))

    assert wrong == []


def test_nobody_gets_further_than_the_login(stranger: Browser) -> None:
    for name, rule, method in desk_rules(stranger.client.application):
        answer = asked(stranger, path_of(rule), method)

        assert (answer.status_code, answer.location) == (302, "/desk/login"), name


def test_new_role_holds_from_the_next_page_on(browser: Browser, county: County) -> None:
    assert browser.get("/desk/loans").status_code == 200
    become(county, Standing(Role.BUREAU))

    assert browser.get("/desk/loans").status_code == 403
    assert "没有权限" in browser.get("/desk/loans").text


def test_keeper_sees_the_own_loans_and_no_others(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    county.send(county.k2.lends("YL0002", county.refs["R2"]))
    become(county, Standing(Role.KEEPER, "A"))

    page = browser.read("/desk/loans?state=all")

    assert "YL0001" in page
    assert "YL0002" not in page
    assert "YL0002" not in browser.read("/desk/loans?state=all&site=B&item=YL0002")
    assert "YL0002" not in browser.read("/desk/events")
    assert "1 在借" in browser.read("/desk/")
    assert browser.get("/desk/sites/A").status_code == 200
    assert browser.get("/desk/sites/B").status_code == 404


def test_case_elsewhere_is_neither_listed_nor_opened(
    browser: Browser, county: County
) -> None:
    county.send(county.k2.lends("YL0001", "nobody"))
    (case,) = county.rows(schema.cases, "case_id")
    path = f"/desk/cases/{case['case_id']}"
    assert browser.get(path).status_code == 200
    become(county, Standing(Role.TOWN, "A"))

    assert case["item"] not in browser.read("/desk/cases?state=all")
    assert browser.get(path).status_code == 404


def test_bureau_sees_sites_without_the_keepers_and_assessor_no_device(
    browser: Browser, county: County
) -> None:
    sites = schema.sites
    with county.hub.database.writing() as conn:
        conn.execute(update(sites).values(keeper="李淑芬", phone="13800000000"))
    assert "李淑芬" in browser.read("/desk/sites/A")
    become(county, Standing(Role.BUREAU))

    page = browser.read("/desk/sites/A")

    assert "李淑芬" not in page
    assert "138" not in page
    assert "k1" in browser.read("/desk/")
    become(county, Standing(Role.ASSESSOR))
    assert "k1" not in browser.read("/desk/")


@pytest.mark.parametrize("seed", range(3))
def test_no_page_names_anything_outside_the_subtree(
    browser: Browser, county: County, seed: int
) -> None:
    chance = random.Random(seed)
    names = [f"P{number}" for number in range(9)]
    tops = ["hub", *names]
    parents = {name: chance.choice(tops[: n + 1]) for n, name in enumerate(names)}
    plant(county, parents, chance)
    home = chance.choice(names)
    role = chance.choice(sorted(LOCAL))
    become(county, Standing(role, home))

    pages = ("/desk/", "/desk/loans?state=all", "/desk/events", "/desk/sites")
    seen = " ".join(browser.read(page) for page in pages)

    with county.hub.database.reading() as conn:
        within = reach(Standing(role, home), parents_of_sites(conn)) or frozenset()
    marks = {mark: site for site in names for mark in (f"ITEM-{site}", f"kiosk-{site}")}
    shown = {marks[mark] for mark in marks if f"{mark} " in seen}
    assert shown == within
    assert shown


def asked(browser: Browser, path: str, method: str) -> TestResponse:
    return browser.get(path) if method == "GET" else browser.post(path)


def become(county: County, standing: Standing) -> None:
    """Give the one account of the desk another role."""
    with county.hub.database.writing() as conn:
        set_standing(conn, CLERK, NAME, standing, NOW)


def plant(county: County, parents: Mapping[str, str], chance: random.Random) -> None:
    """A tree of sites, each with a kiosk and a loan of its own."""
    loans = [
        {
            "loan_id": f"loan-{site}",
            "loan_ref": f"ref-{site}",
            "item": f"ITEM-{site}",
            "patron_ref": county.refs["R1"],
            "loaned_at": NOON - chance.randrange(9) * DAY,
            "due_on": NOON.date(),
            "renewed": 0,
            "loan_site": site,
        }
        for site in parents
    ]
    devices = [
        {
            "kiosk_id": f"kiosk-{site}",
            "site_id": site,
            "public_key": f"key of {site}",
            "hostname": "",
            "state": "active",
            "enrolled_at": NOON,
        }
        for site in parents
    ]
    with county.hub.database.writing() as conn:
        sites = [Site(name, name, name, "POINT", up) for name, up in parents.items()]
        catalogue.put_sites(conn, sites)
        conn.execute(insert(schema.devices), devices)
        conn.execute(insert(schema.loans), loans)
