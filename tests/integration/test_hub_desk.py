"""The staff desk through Flask's client: who gets in, and what the pages show."""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from kiosk.domain.values import PatronState
from sync.hub import desk, schema
from sync.hub.desk.guard import FREE_TRIES, LONGEST_WAIT, LoginGuard
from sync.hub.desk.words import LANGUAGES, catalogue
from sync.hub.devices import note_heartbeat
from sync.hub.history import Severity
from sync.hub.users import Role, put_user
from sync.protocol import Clock, Heartbeat, Kind, Outcome
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    PATRONS,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

NAME, PASSWORD = "liu", "seven-green-books"
NOW = NOON + 10 * MINUTE
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """A staff member's browser in front of the desk."""

    client: FlaskClient
    now: list[dt.datetime] = field(default_factory=lambda: [NOW])

    def get(self, path: str, **more: object) -> TestResponse:
        return self.client.get(path, **more)

    def read(self, path: str) -> str:
        """Return the page as the reader sees it: no marks, one blank between words."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        plain = re.sub(r"<[^>]+>", " ", answer.text)
        return " ".join(html.unescape(plain).split())

    def post(self, path: str, **form: str) -> TestResponse:
        token = _TOKEN.search(self.get("/desk/login").text)
        assert token
        return self.client.post(path, data={"csrf": token.group(1), **form})

    def log_in(self, password: str = PASSWORD) -> TestResponse:
        return self.post("/desk/login", name=NAME, password=password)


@pytest.fixture
def stranger(county: County) -> Browser:
    """A browser that nobody has logged in with."""
    with county.hub.database.writing() as conn:
        put_user(conn, NAME, PASSWORD, Role.STAFF, NOON)
    app = Flask("hub")
    now = [NOW]
    desk.install(app, county.hub.database, clock=lambda: now[0])
    return Browser(app.test_client(), now)


@pytest.fixture
def browser(stranger: Browser) -> Browser:
    stranger.log_in()
    return stranger


@pytest.mark.parametrize(
    "path", ["/desk/", "/desk/loans", "/desk/events", "/desk/cases", "/desk/events/now"]
)
def test_every_page_asks_a_stranger_to_log_in(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)

    assert (answer.status_code, answer.location) == (302, "/desk/login")


def test_right_password_opens_the_desk(stranger: Browser) -> None:
    answer = stranger.log_in()

    assert (answer.status_code, answer.location) == (302, "/desk/")
    assert "云岭县" in stranger.read("/desk/")


@pytest.mark.parametrize(("name", "password"), [(NAME, "wrong"), ("nobody", PASSWORD)])
def test_wrong_name_or_password_gets_the_same_answer(
    stranger: Browser, name: str, password: str
) -> None:
    answer = stranger.post("/desk/login", name=name, password=password)

    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text
    assert stranger.get("/desk/").status_code == 302


def test_five_wrong_passwords_make_even_the_right_one_wait(stranger: Browser) -> None:
    for _ in range(FREE_TRIES):
        stranger.log_in("wrong")

    assert stranger.log_in().status_code == 429
    stranger.now[0] += LONGEST_WAIT
    assert stranger.log_in().status_code == 302


def test_post_without_the_token_is_refused(stranger: Browser) -> None:
    form = {"name": NAME, "password": PASSWORD}

    assert stranger.client.post("/desk/login", data=form).status_code == 400
    assert stranger.get("/desk/").status_code == 302


def test_post_with_another_sessions_token_is_refused(stranger: Browser) -> None:
    stranger.get("/desk/login")

    answer = stranger.client.post("/desk/login", data={"csrf": "made-up"})

    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::2]"])
def test_foreign_host_is_refused_before_anything_else(
    stranger: Browser, host: str
) -> None:
    answer = stranger.get("/desk/login", headers={"Host": host})

    assert answer.status_code == 421
    assert "<form" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8443", "localhost", "[::1]:8443"])
def test_own_host_is_served_on_any_port(stranger: Browser, host: str) -> None:
    assert stranger.get("/desk/login", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_strict_headers(browser: Browser) -> None:
    answer = browser.get("/desk/loans")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/desk/", "/desk/loans", "/desk/events", "/desk/cases"]
)
def test_no_page_has_inline_script_or_style(browser: Browser, path: str) -> None:
    page = browser.get(path).text

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\s(on\w+|style)=", page)
    assert "http://" not in page
    assert "https://" not in page


def test_session_cookie_is_for_this_site_and_no_script(stranger: Browser) -> None:
    cookie = stranger.log_in().headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/desk" in cookie


def test_logging_out_ends_the_session(browser: Browser) -> None:
    browser.post("/desk/logout")

    assert browser.get("/desk/").status_code == 302


def test_new_password_ends_old_sessions(browser: Browser, county: County) -> None:
    with county.hub.database.writing() as conn:
        put_user(conn, NAME, "eight-green-books", Role.STAFF, NOON)

    assert browser.get("/desk/").status_code == 302


def test_session_does_not_outlive_the_working_day(browser: Browser) -> None:
    cookie = browser.client.get_cookie("tongjie_desk", path="/desk")

    assert cookie is not None
    assert cookie.expires is not None


@pytest.mark.parametrize(
    ("page", "lands"),
    [
        ("/desk/loans?state=all", "/desk/loans?state=all"),
        ("https://evil.example/", "/desk/"),
        ("/desk//evil.example", "/desk/"),
        ("//evil.example", "/desk/"),
    ],
)
def test_language_switch_returns_to_a_page_of_the_desk(
    browser: Browser, page: str, lands: str
) -> None:
    answer = browser.post("/desk/language", language="en", page=page)

    assert answer.location == lands
    assert "Staff desk" in browser.read("/desk/loans")


def test_unknown_language_changes_nothing(browser: Browser) -> None:
    browser.post("/desk/language", language="xx", page="/desk/")

    assert "馆员工作台" in browser.read("/desk/")


def test_both_languages_have_the_same_texts() -> None:
    zh, en = (catalogue(name) for name in LANGUAGES)

    assert zh.keys() == en.keys()
    for message in zh:
        assert set(re.findall(r"\{\w+\}", zh[message])) == set(
            re.findall(r"\{\w+\}", en[message])
        ), message


def test_every_kind_and_outcome_has_words() -> None:
    known = catalogue("zh_Hans")

    assert {f"kind.{kind.value}" for kind in Kind} <= known.keys()
    assert {f"outcome.{outcome.value}" for outcome in Outcome} <= known.keys()
    assert {f"clock.{clock.value}" for clock in Clock} <= known.keys()
    assert {f"severity.{severity.value}" for severity in Severity} <= known.keys()


def test_overview_counts_today(browser: Browser, county: County) -> None:
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], NOON - DAY),
        county.k1.lends("YL0002", county.refs["R1"], NOON),
        county.k1.takes_back("YL0001", NOON + MINUTE),
    )

    page = browser.read("/desk/")

    assert "1 今天借出" in page
    assert "1 今天归还" in page
    assert "1 在借" in page


def test_day_begins_at_midnight_in_the_county(browser: Browser, county: County) -> None:
    midnight = NOON.replace(hour=16) - DAY  # 00:00 in the county
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], midnight - MINUTE),
        county.k1.lends("YL0002", county.refs["R1"], midnight + MINUTE),
    )

    assert "1 今天借出" in browser.read("/desk/")


def test_ask_without_an_answer_is_no_loan_yet(browser: Browser, county: County) -> None:
    county.send(county.k1.asks("YL0001", county.refs["R1"]))

    assert "0 今天借出" in browser.read("/desk/")


def test_device_shows_when_it_was_seen_and_what_it_still_has(
    browser: Browser, county: County
) -> None:
    heartbeat = Heartbeat(version="26.11.0", pending=12, epoch="e1", seq=40)
    with county.hub.database.writing() as conn:
        note_heartbeat(conn, "k1", heartbeat, NOW - 2 * MINUTE)
        note_heartbeat(conn, "k2", heartbeat, NOW - 3 * DAY)

    page = browser.read("/desk/")

    assert "马坪村 k1 在线 2 分钟前 12 26.11.0" in page
    assert "上湾村 k2 失联 3 天前" in page


def test_loan_shows_title_masked_reader_and_due_date(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    page = browser.read("/desk/loans")

    assert "围城 YL0001 张*华 *R1 马坪村" in page
    assert "2026-08-02" in page
    assert "张建华" not in page


def test_overdue_loan_is_marked_with_its_days(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"], NOON - 33 * DAY))

    assert "逾期 3 天" in browser.read("/desk/loans")
    assert "逾期 3 天" in browser.read("/desk/loans?state=overdue")


def test_open_loans_come_before_returned_ones(browser: Browser, county: County) -> None:
    county.send(
        county.k1.lends("YL0001", county.refs["R1"], NOON - DAY),
        county.k1.lends("YL0002", county.refs["R1"], NOON),
        county.k1.takes_back("YL0002", NOON + MINUTE),
    )

    page = browser.read("/desk/loans?state=all")

    assert page.index("YL0001") < page.index("YL0002")
    assert "归还于 马坪村" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("patron=R1", {"YL0001"}),
        ("patron=r1%20", {"YL0001"}),
        ("patron=R9", set()),
        ("item=yl0002", {"YL0002"}),
        ("item=围城", {"YL0001", "YL0002"}),
        ("item=%25", set()),
        ("site=A", {"YL0001"}),
        ("site=B&patron=R2", {"YL0002"}),
        ("state=overdue", set()),
        ("page=99", {"YL0001", "YL0002"}),
        ("page=x", {"YL0001", "YL0002"}),
    ],
)
def test_loans_are_found_by_reader_item_and_site(
    browser: Browser, county: County, query: str, found: set[str]
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    county.send(county.k2.lends("YL0002", county.refs["R2"]))

    page = browser.read(f"/desk/loans?{query}")

    shown = page.partition("借出时间")[2]
    assert set(re.findall(r"YL\d{4}", shown)) == found


def test_long_list_is_cut_into_pages(browser: Browser, county: County) -> None:
    rows = [_old_loan(number) for number in range(60)]
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.loans), rows)

    first = browser.read("/desk/loans?state=all")
    second = browser.read("/desk/loans?state=all&page=2")

    assert "共 60 条" in first
    assert "第 2 页，共 2 页" in second
    assert len(re.findall(r"OLD\d+", first)) == 50
    assert len(re.findall(r"OLD\d+", second)) == 10


def test_event_shows_both_times_and_the_verdict(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]), now=NOON + 5 * MINUTE)

    page = browser.read("/desk/events/now")

    assert page == "借书 围城 YL0001 张*华 *R1 马坪村 12:00:00 12:05:00 已登记"


def test_newest_event_is_on_top(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]), now=NOON)
    county.send(county.k1.takes_back("YL0001"), now=NOON + MINUTE)

    page = browser.read("/desk/events/now")

    assert page.index("还书") < page.index("借书")


@pytest.mark.parametrize(
    ("query", "kinds"), [("kind=CHECKIN", ["还书"]), ("site=B", ["借书"])]
)
def test_events_are_filtered_by_kind_and_site(
    browser: Browser, county: County, query: str, kinds: list[str]
) -> None:
    county.send(county.k1.takes_back("YL0001"))
    county.send(county.k2.lends("YL0002", county.refs["R1"]))

    page = browser.read(f"/desk/events/now?{query}")

    assert re.findall("借书|还书", page) == kinds


def test_unchanged_events_are_not_sent_again(browser: Browser, county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    tag = browser.get("/desk/events/now").headers["ETag"]
    headers = {"If-None-Match": tag}

    same = browser.get("/desk/events/now", headers=headers)
    county.send(county.k1.takes_back("YL0001"))
    other = browser.get("/desk/events/now", headers=headers)

    assert (same.status_code, other.status_code) == (304, 200)


def test_case_shows_both_sides_with_masked_readers(
    browser: Browser, county: County
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"], NOON - DAY))
    county.send(county.k2.lends("YL0001", county.refs["R2"], NOON))

    page = browser.read("/desk/cases")

    assert "书还登记在别人名下，又借出了" in page
    kiosk_side, _, hub_side = page.partition("县馆记录")
    assert "王* *R2 站点 上湾村" in kiosk_side
    assert "张*华 *R1 站点 马坪村" in hub_side


def test_case_of_a_broken_rule_names_the_rule(browser: Browser, county: County) -> None:
    county.put_patron(replace(PATRONS[0], state=PatronState.SUSPENDED))
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    page = browser.read("/desk/cases")

    assert "与县馆规则不符，借阅有效" in page
    assert "县馆规则 证已暂停" in page


def test_text_from_a_kiosk_is_shown_as_text(browser: Browser, county: County) -> None:
    payload = {"title": "<script>alert(1)</script>"}
    county.send(county.k1.lends("YLNEW1", county.refs["R1"], payload=payload))

    page = browser.get("/desk/events").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_wait_doubles_and_is_forgotten_after_success() -> None:
    guard = LoginGuard()
    waits = []
    for _ in range(FREE_TRIES + 2):
        guard.failed("liu", NOON)
        waits.append(guard.wait("liu", NOON).total_seconds())

    assert waits == [0, 0, 0, 0, 30, 60, 120]
    guard.succeeded("liu")
    assert not guard.wait("liu", NOON)


def test_wait_has_a_limit_and_is_for_one_name_only() -> None:
    guard = LoginGuard()
    for _ in range(100):
        guard.failed("liu", NOON)

    assert guard.wait("liu", NOON) == LONGEST_WAIT
    assert not guard.wait("wang", NOON)


def _old_loan(number: int) -> dict[str, object]:
    return {
        "loan_id": f"old-{number}",
        "loan_ref": f"old-{number}",
        "item": f"OLD{number:03d}",
        "patron_ref": "gone",
        "loaned_at": NOON - 40 * DAY,
        "due_on": (NOON - 10 * DAY).date(),
        "renewed": 0,
        "loan_site": "A",
        "provisional": False,
        "returned_at": NOON - 20 * DAY,
        "return_site": "A",
        "how_closed": "returned",
    }
