"""The pages of the touchscreen and the touches made on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kiosk.view import Action, BookLine, LineState, Message, Screen
from tests.integration.ui_world import app, client, desk
from tests.ui_client import field, form_of, get, post
from tests.ui_desk import ScriptedDesk, Touch
from tests.ui_views import STATES
from ui.app import LONGEST_TOUCH, create_app

__all__ = ["app", "client", "desk"]

JSON = {"Accept": "application/json"}


@pytest.mark.parametrize("locale", ["zh_Hans", "en"])
@pytest.mark.parametrize("name", STATES)
def test_every_state_has_a_page(name: str, locale: str) -> None:
    desk = ScriptedDesk(replace(STATES[name], locale=locale))
    app = create_app(desk)

    answer = get(app.test_client())

    assert answer.status_code == 200
    assert f'lang="{locale.replace("_", "-")}"' in answer.text


@pytest.mark.parametrize(
    ("locale", "named", "unnamed"),
    [("zh_Hans", "您好，张*华", "您好"), ("en", "Hello, 张*华", "Hello")],
)
def test_reader_of_another_area_is_greeted_without_a_name(
    locale: str, named: str, unnamed: str
) -> None:
    for state, greeting in (("borrow-empty", named), ("borrow-unnamed", unnamed)):
        desk = ScriptedDesk(replace(STATES[state], locale=locale))

        page = get(create_app(desk).test_client()).text

        assert f"<bdi>{greeting}</bdi>" in page


@pytest.mark.parametrize(
    ("state", "offered"), [("borrow-empty", True), ("borrow-lost-card", False)]
)
def test_account_is_offered_only_where_the_card_opens_it(
    state: str, *, offered: bool
) -> None:
    page = get(create_app(ScriptedDesk(STATES[state])).test_client()).text

    assert ('value="account"' in page) is offered


def test_page_needs_no_script_for_its_buttons(client: FlaskClient) -> None:
    page = get(client).text

    assert 'name="action" value="borrow"' in page
    assert '<form id="touch" method="post" action="/touch">' in page
    assert 'http-equiv="refresh"' in page.split("<noscript>")[1].split("</noscript>")[0]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}",
        "</main><main id=screen>",
    ],
)
def test_text_from_outside_is_only_ever_text(text: str) -> None:
    line = BookLine("1", text, text, LineState.REFUSED, Message(text, {"title": text}))
    view = replace(STATES["done-mixed"], books=(line,), put_back=(text,), receipt=text)

    page = get(create_app(ScriptedDesk(view)).test_client()).text

    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<main") == 1
    assert "49" not in page


def test_touch_by_script_answers_with_the_new_view(
    client: FlaskClient, desk: ScriptedDesk
) -> None:
    answer = post(client, form_of(client, "return"), **JSON)

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["screen"] == "return"
    assert answer.json["revision"] == desk.view().revision
    assert answer.json["step"] == desk.view().step
    assert answer.json["html"].startswith("<main ")


def test_touch_with_an_old_step_gets_409_and_the_present_view(
    client: FlaskClient, desk: ScriptedDesk
) -> None:
    old = form_of(client)
    desk.publish(screen=Screen.RETURN, step="s9")

    answer = post(client, old, **JSON)

    assert answer.status_code == 409
    assert answer.json is not None
    assert (answer.json["step"], answer.json["screen"]) == ("s9", "return")
    assert desk.touches == []


def test_double_tap_does_nothing_twice(client: FlaskClient, desk: ScriptedDesk) -> None:
    form = form_of(client)

    statuses = [post(client, form, **JSON).status_code for _ in range(2)]

    assert statuses == [200, 409]
    assert desk.touches == [Touch(Action.BORROW)]


def test_old_step_without_script_shows_the_present_page(
    client: FlaskClient, desk: ScriptedDesk
) -> None:
    old = form_of(client)
    desk.publish(screen=Screen.RETURN, step="s9")

    answer = post(client, old)

    assert answer.status_code == 409
    assert field(answer.text, "step") == "s9"


def test_touch_without_script_leads_back_to_the_page(client: FlaskClient) -> None:
    answer = post(client, form_of(client))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_language_button_carries_its_locale(
    client: FlaskClient, desk: ScriptedDesk
) -> None:
    post(client, form_of(client, "language", value="en"))

    assert desk.touches == [Touch(Action.LANGUAGE, "en")]
    assert '<html lang="en">' in get(client).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": ""},
        {"action": "format_disk"},
        {"action": "language", "value": "xx"},
        {"action": "language", "value": "../en"},
    ],
)
def test_touch_no_button_makes_is_refused(
    client: FlaskClient, desk: ScriptedDesk, wrong: dict[str, str]
) -> None:
    answer = post(client, form_of(client) | wrong)

    assert answer.status_code == 400
    assert desk.asked == 0


def test_overlong_touch_is_refused(client: FlaskClient, desk: ScriptedDesk) -> None:
    answer = post(client, form_of(client, value="x" * LONGEST_TOUCH))

    assert answer.status_code == 413
    assert desk.asked == 0


def test_health_tells_that_views_are_made(client: FlaskClient) -> None:
    assert get(client, "/healthz").json == {"ok": True, "revision": 1}
