"""Who gets into the staff desk, and what keeps others out."""

from __future__ import annotations

import re

import pytest

from sync.hub.county.users import Role, put_user
from sync.hub.desk.guard import FREE_TRIES, LONGEST_WAIT, LoginGuard
from tests.integration.desk_world import NAME, PASSWORD, Browser, browser, stranger
from tests.integration.hub_world import (
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["browser", "county", "database_url", "hub", "stranger"]


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
