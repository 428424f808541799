"""How the county is run at the desk: sites, rules, accounts, cards and the queue."""

from __future__ import annotations

import io
import json
import re

import pytest
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from sync.hub.circulation.facts import Move
from sync.hub.county.permits import Role, Standing
from sync.hub.county.rulebook import current_rules
from sync.hub.county.site_tree import site_tree
from sync.hub.county.users import add_user, set_standing
from sync.hub.desk.menu import MENU
from sync.hub.desk.words import LANGUAGES, catalogue
from sync.hub.store import schema
from tests.integration.desk_world import (
    CLERK,
    NAME,
    NOW,
    PASSWORD,
    Browser,
    browser,
    stranger,
)
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

#: Where a page belongs whose address does not begin like its section.
SECTION_OF = {"boxes": "transfers"}
OTHER = "four-blue-lamps"
RECORD = {
    "name": "马坪村农家书屋",
    "short_name": "马坪",
    "kind": "farmhouse_library",
    "keeper": "李淑芬",
    "phone": "13800000000",
    "seats": "12",
}


@pytest.fixture
def admin(browser: Browser, county: County) -> Browser:
    with county.hub.database.writing() as conn:
        set_standing(conn, CLERK, NAME, Standing(Role.ADMIN), NOW)
    return browser


def test_record_of_a_site_is_changed_and_noted_without_the_keepers_phone(
    browser: Browser, county: County
) -> None:
    answer = browser.post("/desk/sites/A/record", **RECORD)

    assert answer.location == "/desk/sites/A"
    page = browser.read("/desk/sites/A")
    assert "马坪村农家书屋" in page
    assert "12" in page
    (entry,) = noted(county, "site.change")
    assert json.loads(entry["after"])["seats"] == 12
    assert json.loads(entry["after"])["phone"] == "*"


def test_record_of_a_site_that_makes_no_sense_is_not_written(
    browser: Browser, county: County
) -> None:
    with county.hub.database.reading() as conn:
        before = site_tree(conn)

    for wrong in ({"seats": "many"}, {"name": " "}):
        answer = browser.post("/desk/sites/A/record", **{**RECORD, **wrong})
        assert answer.status_code == 409
        assert "13800000000" in answer.text  # what was typed is still there

    with county.hub.database.reading() as conn:
        assert site_tree(conn) == before
    assert noted(county, "site.change") == []


def test_new_rules_are_looked_at_and_then_put_in_force(
    admin: Browser, county: County
) -> None:
    content = json.loads(admin.get("/desk/rules/1/file").text)
    content["patrons"]["ADULT"]["loan_limit"] = 8
    text = json.dumps(content)

    preview = looked_at(admin, text)

    assert "普通读者 · 可借册数" in preview.text
    assert in_force(county) == (1, 5)
    admin.post("/desk/rules", text=text, reason="meeting of 3 July")
    assert in_force(county) == (2, 8)
    assert [one["who"] for one in noted(county, "rules.put")] == [NAME]
    assert f"第 2 版 · 2026-07-03 12:10 起施行 · {NAME}" in admin.read("/desk/rules")
    assert "普通读者 · 可借册数 5 8" in admin.read("/desk/rules/2")


def test_rules_with_faults_are_refused_with_their_places(
    admin: Browser, county: County
) -> None:
    content = json.loads(admin.get("/desk/rules/1/file").text)
    content["patrons"]["ADULT"]["loan_limit"] = -1
    text = json.dumps(content)

    for answer in (
        looked_at(admin, text),
        admin.post("/desk/rules", text=text, reason="x"),
    ):
        assert answer.status_code == 409
        assert "patrons.ADULT.loan_limit" in answer.text
        assert "应在 0 到 10000 之间" in answer.text
    assert in_force(county) == (1, 5)


def test_rules_made_from_an_older_version_are_refused(
    admin: Browser, county: County
) -> None:
    text = admin.get("/desk/rules/1/file").text
    admin.post("/desk/rules", text=text, reason="first")

    refused = admin.post("/desk/rules", text=text, reason="second")

    assert refused.status_code == 409
    assert "照第 1 版改的，现行的是第 2 版" in refused.text
    assert in_force(county)[0] == 2


def test_version_of_the_rules_that_never_was_is_not_found(browser: Browser) -> None:
    for version in ("0", "2", "9" * 30):
        assert browser.get(f"/desk/rules/{version}").status_code == 404
        assert browser.get(f"/desk/rules/{version}/file").status_code == 404


def test_new_account_opens_nothing_before_its_password_is_changed(
    admin: Browser,
) -> None:
    made = admin.post("/desk/users", name="wang", role="keeper", site="A")
    once = password_shown(made)
    assert once not in admin.get("/desk/users").text

    admin.log_in(once, "wang")
    assert admin.get("/desk/loans").location == "/desk/password"

    admin.post("/desk/password", old=once, new=OTHER, again=OTHER)
    assert admin.get("/desk/loans").status_code == 200
    assert admin.log_in(once, "wang").status_code == 401
    assert admin.log_in(OTHER, "wang").status_code == 302


def test_account_gets_another_role_and_is_closed_and_opened(
    admin: Browser, county: County
) -> None:
    with county.hub.database.writing() as conn:
        add_user(conn, CLERK, "wang", OTHER, Standing(Role.STAFF), NOON)

    admin.post("/desk/users/role", name="wang", role="keeper", site="A")
    admin.post("/desk/users/disabled", name="wang", disabled="1")

    assert "wang 站点管理员 马坪村 已停用" in admin.read("/desk/users")
    admin.post("/desk/users/disabled", name="wang", disabled="0")
    assert "wang 站点管理员 马坪村 可用" in admin.read("/desk/users")


def test_nobody_takes_the_own_account_away(admin: Browser) -> None:
    own = {"name": NAME, "role": "assessor", "disabled": "1"}

    for deed in ("role", "disabled", "password"):
        assert admin.post(f"/desk/users/{deed}", **own).status_code == 409
    assert admin.get("/desk/users").status_code == 200


def test_account_that_cannot_be_made_is_refused_in_the_desks_words(
    admin: Browser,
) -> None:
    wrong = {
        "已经有用户": {"name": NAME, "role": "staff"},
        "不能作用户名": {"name": "a b", "role": "staff"},
        "需要选择站点": {"name": "wang", "role": "keeper"},
        "没有站点“Z”": {"name": "wang", "role": "keeper", "site": "Z"},
    }

    for words, form in wrong.items():
        refused = admin.post("/desk/users", **form)
        assert refused.status_code == 409
        assert words in refused.text


def test_own_password_needs_the_old_one_and_ends_other_sessions(
    browser: Browser,
) -> None:
    elsewhere = Browser(browser.client.application.test_client(), browser.now)
    elsewhere.log_in()
    assert elsewhere.get("/desk/loans").status_code == 200

    wrong = browser.post(
        "/desk/password", old="not-mine-at-all", new=OTHER, again=OTHER
    )
    weak = browser.post("/desk/password", old=PASSWORD, new="liu", again="liu")
    assert (wrong.status_code, weak.status_code) == (409, 409)
    assert elsewhere.get("/desk/loans").status_code == 200

    browser.post("/desk/password", old=PASSWORD, new=OTHER, again=OTHER)
    assert browser.get("/desk/loans").status_code == 200
    assert elsewhere.get("/desk/loans").location == "/desk/login"


def test_old_password_cannot_be_guessed_without_end(browser: Browser) -> None:
    form = {"old": "not-mine-at-all", "new": OTHER, "again": OTHER}

    answers = [browser.post("/desk/password", **form).status_code for _ in range(8)]

    assert answers[0] == 409
    assert answers[-1] == 429


def test_card_is_replaced_in_one_step_and_the_loan_stays(
    browser: Browser, county: County
) -> None:
    ref = county.refs["R1"]
    county.send(county.k1.lends("YL0001", ref))
    (old,) = cards(county, ref)

    browser.post(f"/desk/patrons/{ref}/replace", card=old["digest"], text="R900")

    assert {card["text"]: card["state"] for card in cards(county, ref)} == {
        "R1": "replaced",
        "R900": "active",
    }
    assert "围城 YL0001" in browser.read(f"/desk/patrons/{ref}")


def test_card_of_another_reader_is_not_replaced(
    browser: Browser, county: County
) -> None:
    (theirs,) = cards(county, county.refs["R2"])
    path = f"/desk/patrons/{county.refs['R1']}/replace"

    assert browser.post(path, card=theirs["digest"], text="R900").status_code == 409
    assert cards(county, county.refs["R2"]) == [theirs]


def test_what_the_library_system_refused_is_shown_and_tried_again(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    (fact,) = county.rows(schema.facts, "fact_id")
    task = {"fact_id": fact["fact_id"], "state": "refused", "attempts": 3}
    task |= {"note": "on_loan_there", "queued_at": NOON, "not_before": NOON}
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.library_tasks), [task | {"finished_at": NOON}])
    assert "YL0001 借出" in browser.read("/desk/library")
    assert "在图书馆系统里借给了别人" in browser.read("/desk/library")

    answer = browser.post("/desk/library/retry", fact=fact["fact_id"])

    assert answer.location == "/desk/library?again=1"
    assert "没有被拒绝的记录" in browser.read("/desk/library")
    (again,) = county.rows(schema.library_tasks, "fact_id")
    assert (again["state"], again["attempts"]) == ("unknown", 0)


def test_case_and_copy_are_told_in_words(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    county.send(county.k2.lends("YL0001", county.refs["R2"]))
    case = county.rows(schema.cases, "case_id")[0]

    page = browser.read(f"/desk/cases/{case['case_id']}")

    assert "有效 · 普通读者" in page
    assert "ADULT" not in page
    assert f"所属馆 {county.hub.county_name}" in browser.read("/desk/items/YL0001")


def test_menu_marks_the_section_that_a_page_belongs_to(
    browser: Browser, county: County
) -> None:
    reader = f"patrons/{county.refs['R1']}"

    for path in (reader, "items/YL0001", "sites/A", "holds/queue", "boxes"):
        page = browser.get(f"/desk/{path}").text
        (marked,) = re.findall(r'href="/desk/(\w+)"[^>]* aria-current="page"', page)
        assert marked == SECTION_OF.get(path, path.partition("/")[0])


def test_every_section_has_a_key_of_its_own() -> None:
    keys = [section.key for group in MENU for section in group]

    assert len(set(keys)) == len(keys)


def test_every_move_has_words() -> None:
    for name in LANGUAGES:
        assert {f"move.{move.value}" for move in Move} <= catalogue(name).keys()


def looked_at(browser: Browser, text: str) -> TestResponse:
    file = (io.BytesIO(text.encode()), "rules.json")
    form: dict[str, object] = {"file": file}
    return browser.post("/desk/rules/preview", **form)  # type: ignore[arg-type] # a file


def in_force(county: County) -> tuple[int, int]:
    """The version in force, and how many books an adult may have."""
    with county.hub.database.reading() as conn:
        rules = current_rules(conn)
    return rules.version, rules.patrons["ADULT"].loan_limit


def password_shown(answer: TestResponse) -> str:
    found = re.search(r'<strong class="code">([^<]+)</strong>', answer.text)
    assert found
    return found[1]


def noted(county: County, what: str) -> list[dict[str, str]]:
    log = schema.audit_log
    with county.hub.database.reading() as conn:
        rows = conn.execute(select(log).where(log.c.what == what)).mappings()
        return [dict(row) for row in rows]


def cards(county: County, ref: str) -> list[dict[str, object]]:
    table = schema.credentials
    with county.hub.database.reading() as conn:
        rows = conn.execute(select(table).where(table.c.patron_ref == ref)).mappings()
        return [dict(row) for row in rows]
