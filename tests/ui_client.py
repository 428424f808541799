"""Requests as the page of the touchscreen makes them."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.view import Action, Screen

BASE = "http://127.0.0.1:8080"
SCRIPT = {Action.BORROW: Screen.IDENTIFY, Action.RETURN: Screen.RETURN}


def get(client: FlaskClient, path: str = "/", **headers: str) -> TestResponse:
    return client.get(path, base_url=BASE, headers=headers)


def field(page: str, name: str) -> str:
    """Return what a hidden field of a page carries."""
    found = re.search(f'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def form_of(client: FlaskClient, action: str = "borrow", **more: str) -> dict[str, str]:
    """Return the form that a button of the present page would send."""
    page = get(client).text
    return {
        "action": action,
        "step": field(page, "step"),
        "csrf": field(page, "csrf"),
        **more,
    }


def post(client: FlaskClient, form: dict[str, str], **headers: str) -> TestResponse:
    return client.post("/touch", base_url=BASE, data=form, headers=headers)
