"""The case desk in a browser: the list, one case with both sides, deciding, undoing."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import insert

from kiosk.domain.values import PatronState
from sync.hub.circulation.choices import Choice, choices
from sync.hub.desk.cases import PAGE
from sync.hub.desk.words import LANGUAGES, catalogue
from sync.hub.store import schema
from tests.integration import decision_stories as stories
from tests.integration.case_stories import CONFLICTS, Conflict, cases
from tests.integration.desk_world import Browser, browser, stranger
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

SHOWN = [row for row in CONFLICTS if row.kind]


@pytest.fixture(autouse=True)
def late(stranger: Browser) -> None:
    """Staff look when all facts have come."""
    stranger.now[0] = stories.LATE + MINUTE


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row.name)
def test_every_conflict_has_a_page_with_a_suggestion_and_its_choices(
    browser: Browser, county: County, row: Conflict
) -> None:
    row.tell(county)
    (case,) = cases(county)

    page = browser.read(f"/desk/cases/{case['case_id']}")

    words = catalogue("zh_Hans")
    assert words[f"suggest.{row.kind}"] in page
    assert page.count("县馆所知") == 1
    assert words[f"case.{row.kind}"] in page
    for choice in choices(row.kind):
        own = words.get(f"choice.{row.kind}.{choice}", words[f"choice.{choice}"])
        assert own in page
    assert not re.search(r"\b(side|choice|suggest|known_\w+|device_side)\.\w", page)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_kind_and_choice_has_words(name: str) -> None:
    words = catalogue(name)
    kinds = {key.removeprefix("case.") for key in words if key.startswith("case.")}

    assert {f"suggest.{kind}" for kind in kinds} <= words.keys()
    assert {f"choice.{choice}" for choice in Choice} <= words.keys()


def test_both_sides_say_who_where_and_when_with_the_honest_interval(
    browser: Browser, county: County
) -> None:
    county.send(stories.unsure(county), now=stories.LATE)
    (case,) = cases(county)

    page = browser.read(f"/desk/cases/{case['case_id']}")

    newer, _, earlier = page.partition("先前的借阅")
    assert "王* *R2 站点 上湾村 k2" in newer
    assert "与" in newer
    assert "之间" in newer
    assert "时钟: 不准" in newer
    assert "张*华 *R1 站点 马坪村 k1" in earlier
    assert "之间" not in earlier.partition("县馆所知")[0]
    assert "张建华" not in page


def test_case_of_a_broken_rule_names_the_rule(browser: Browser, county: County) -> None:
    county.send(stories.barred(county, PatronState.SUSPENDED), now=stories.LATE)
    (case,) = cases(county)

    page = browser.read(f"/desk/cases/{case['case_id']}")

    assert "县馆规则 证已暂停" in page
    assert "读者 已暂停 · 普通读者" in page


def test_list_goes_by_weight_and_is_filtered(browser: Browser, county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=NOON + 2 * DAY)
    county.send(county.k1.lends("YL0002", "nobody-we-know"), now=stories.LATE)

    everything = browser.read("/desk/cases")
    queries = {
        "kind=patron_unknown": {"YL0002"},
        "severity=medium": {"YL0001"},
        "site=B": {"YL0001"},
        "older=14": {"YL0001"},
        "state=resolved": set(),
        "older=x&from_severity=high&from_time=x": {"YL0001", "YL0002"},
    }

    assert everything.index("YL0002") < everything.index("YL0001")
    for query, found in queries.items():
        page = browser.read(f"/desk/cases?{query}")
        assert set(re.findall(r"YL\d{4}", page)) == found, query


def test_pages_go_by_key_and_leave_nothing_out(
    browser: Browser, county: County
) -> None:
    count = 2 * PAGE + 7
    with county.hub.database.writing() as conn:
        rows = [_old_case(number) for number in range(count)]
        conn.execute(insert(schema.cases), rows)

    seen: list[str] = []
    address = "/desk/cases"
    while address:
        page = browser.get(address).text
        seen += re.findall(r"OLD\d+", page)
        link = re.search(r'href="([^"]+)" data-next', page)
        address = html.unescape(link.group(1)) if link else ""

    assert len(seen) == len(set(seen)) == count
    gravity = {"high": 0, "medium": 1, "low": 2}
    weights = [gravity[_severity(int(name[3:]))] for name in seen]
    assert weights == sorted(weights)


def test_choice_is_one_click_and_undone_by_another(
    browser: Browser, county: County
) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)

    form = {"case_id": case["case_id"], "choice": "annul", "note": "架上有书"}
    decided = browser.post("/desk/cases/resolve", **form)
    page = browser.read(f"/desk/cases/{case['case_id']}")

    assert decided.status_code == 302
    assert county.open_loans() == {"YL0001": "R1"}
    assert "后一次借书没有发生 — liu 架上有书" in page
    assert "撤回这次处理" in page

    browser.post("/desk/cases/undo", case_id=case["case_id"])

    assert county.open_loans() == {"YL0001": "R2"}
    assert "撤回处理 — liu" in browser.read(f"/desk/cases/{case['case_id']}")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"choice": "is_reader", "card": "R9"}, "没有这个证号的读者"),
        ({"choice": "dated", "when": "2099-01-01T10:00"}, "不能这样处理"),
        ({"choice": "nonsense"}, "不能这样处理"),
    ],
)
def test_choice_that_can_not_be_made_says_why(
    browser: Browser, county: County, form: dict[str, str], words: str
) -> None:
    county.send(county.k1.lends("YL0001", "nobody-we-know"), now=stories.LATE)
    (case,) = cases(county)

    answer = browser.post("/desk/cases/resolve", case_id=case["case_id"], **form)

    assert answer.status_code == 409
    assert words in answer.text
    assert cases(county) == [case]


def test_reader_is_found_by_card_number(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", "nobody-we-know"), now=stories.LATE)
    (case,) = cases(county)

    form = {"case_id": case["case_id"], "choice": "is_reader", "card": "r2"}
    browser.post("/desk/cases/resolve", **form)

    assert county.open_loans() == {"YL0001": "R2"}


@pytest.mark.parametrize(
    ("when", "status"),
    [("2026-07-01T09:30", 302), ("2099-01-01T00:00", 409), ("", 409)],
)
def test_time_is_that_of_the_county_and_not_to_come(
    browser: Browser, county: County, when: str, status: int
) -> None:
    county.send(stories.at(county, NOON - 500 * DAY), now=stories.LATE)
    (case,) = cases(county)

    form = {"case_id": case["case_id"], "choice": "dated", "when": when}
    answer = browser.post("/desk/cases/resolve", **form)

    assert answer.status_code == status
    if status == 302:
        assert county.loans()[0]["loaned_at"].isoformat() == "2026-07-01T01:30:00+00:00"


def test_like_cases_are_decided_at_once_and_each_by_itself(
    browser: Browser, county: County
) -> None:
    for number in (1, 2, 3):
        item = f"YL000{number}"
        county.send(county.k1.lends(item, county.refs["R1"], loan_ref=item))
        lent = county.k2.lends(item, county.refs["R2"], NOON + DAY)
        county.send(lent, now=stories.LATE)
    names = [case["case_id"] for case in cases(county)]
    browser.post("/desk/cases/resolve", case_id=names[0], choice="noted")

    listed = browser.read("/desk/cases?kind=loan_displaced")
    form = {"kind": "loan_displaced", "choice": "noted"}
    answer = browser.post_many("/desk/cases/bulk", ("case_id", names), **form)

    assert "一并处理选中的各条" in listed
    page = browser.read(answer.location)
    assert "已处理 2 条" in page
    assert "有 1 条不能这样处理" in page
    assert cases(county) == []


def test_case_that_came_back_says_so(browser: Browser, county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)
    browser.post("/desk/cases/resolve", case_id=case["case_id"], choice="noted")
    back = county.k1.takes_back("YL0001", NOON + MINUTE)
    other = county.k1.lends("YL0001", county.refs["R3"], NOON + 2 * MINUTE)

    county.send(back, other, now=stories.LATE)

    assert "又出现" in browser.read("/desk/cases")
    assert "曾经了结" in browser.read(f"/desk/cases/{case['case_id']}")


def test_case_that_nobody_has_is_not_found(browser: Browser) -> None:
    assert browser.get("/desk/cases/loan_displaced:none").status_code == 404


def test_decision_needs_the_token_of_the_session(
    browser: Browser, county: County
) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)

    form = {"case_id": case["case_id"], "choice": "noted"}
    forged = browser.client.post("/desk/cases/resolve", data=form)

    assert forged.status_code == 400
    assert cases(county) == [case]


def _severity(number: int) -> str:
    return ("low", "high", "medium")[number % 3]


def _old_case(number: int) -> dict[str, object]:
    return {
        "case_id": f"loan_repeated:{number}",
        "kind": "loan_repeated",
        "severity": _severity(number),
        "state": "open",
        "item": None,
        "patron_ref": None,
        "event_id": f"old-{number}",
        "kiosk_id": f"OLD{number}",
        "site_id": "A",
        "sides": "{}",
        "opened_at": NOON + (number % 10) * MINUTE,
        "note": "",
        "steps": 0,
    }
