"""Who gets into the staff desk, and what keeps others out."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update
from werkzeug.security import generate_password_hash

from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import add_user, all_users, set_disabled, set_password
from sync.hub.desk.access import IDLE, SESSION_LENGTH
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.hub.store.upgrade import downgrade, upgrade
from tests.integration.desk_world import (
    CLERK,
    NAME,
    NOW,
    PASSWORD,
    Browser,
    browser,
    stranger,
)
from tests.integration.hub_world import (
    MINUTE,
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
        set_password(conn, CLERK, NAME, "eight-green-books", NOW)

    assert browser.get("/desk/").status_code == 302


def test_disabled_account_is_out_at_once_and_stays_out(
    browser: Browser, county: County
) -> None:
    with county.hub.database.writing() as conn:
        set_disabled(conn, CLERK, NAME, NOW, disabled=True)

    assert browser.get("/desk/").status_code == 302
    assert browser.log_in().status_code == 401


def test_session_does_not_outlive_the_working_day(browser: Browser) -> None:
    for _ in range(20):
        assert browser.get("/desk/").status_code == 200
        browser.now[0] += SESSION_LENGTH / 20

    assert browser.get("/desk/").status_code == 302


def test_desk_that_nobody_touches_is_closed(browser: Browser) -> None:
    browser.now[0] += IDLE - MINUTE
    assert browser.get("/desk/").status_code == 200
    browser.now[0] += IDLE

    assert browser.get("/desk/").status_code == 302


def test_page_that_refreshes_itself_does_not_keep_the_desk_open(
    browser: Browser,
) -> None:
    browser.now[0] += IDLE / 2
    assert browser.get("/desk/now").status_code == 200
    browser.now[0] += IDLE / 2

    assert browser.get("/desk/").status_code == 302


def test_password_of_an_earlier_version_works_and_is_kept_better(
    stranger: Browser, county: County
) -> None:
    users = schema.users
    with county.hub.database.writing() as conn:
        conn.execute(update(users).values(password=generate_password_hash(PASSWORD)))

    assert stranger.log_in().status_code == 302

    with county.hub.database.reading() as conn:
        stored = conn.execute(select(users.c.password)).scalar_one()
    assert stored.startswith("$argon2id$")
    assert stranger.get("/desk/").status_code == 200


def test_new_hub_has_no_account(hub: Hub) -> None:
    with hub.database.reading() as conn:
        assert all_users(conn) == []


def test_step_back_drops_accounts_that_it_would_let_see_everything(
    stranger: Browser, county: County
) -> None:
    keeper = Standing(Role.KEEPER, "A")
    with county.hub.database.writing() as conn:
        add_user(conn, CLERK, "keeper", PASSWORD, keeper, NOW)
        add_user(conn, CLERK, "gone", PASSWORD, Standing(Role.ADMIN), NOW)
        set_disabled(conn, CLERK, "gone", NOW, disabled=True)

    downgrade(county.hub.database, "0011")
    upgrade(county.hub.database)

    with county.hub.database.reading() as conn:
        assert [user.name for user in all_users(conn)] == [NAME]
    assert stranger.log_in().status_code == 302
