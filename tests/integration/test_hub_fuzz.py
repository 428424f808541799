"""The hub answers whatever it is asked, as described, and never falls over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.failures import FailureGroup

from sync.hub.county.permits import LOCAL, Role, Standing
from sync.hub.county.users import set_standing
from sync.hub.devices.enrolment import make_code, redeem
from sync.hub.door import api
from sync.hub.door.app import create_app
from sync.keys import box_hex, public_hex
from tests.fuzz.hub_api import Device, operations, requests_to
from tests.fuzz.hub_desk import Visit, visits
from tests.integration.desk_world import (
    CLERK,
    NAME,
    NOW,
    Browser,
    browser,
    stranger,
)
from tests.integration.hub_world import ITEMS, County, county, database_url, hub

__all__ = ["browser", "county", "database_url", "hub", "stranger"]

REQUESTS, VISITS = 8, 60


def many(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same examples each time."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def device(county: County) -> Device:
    """A device at A."""
    return device_at(county)


def device_at(county: County) -> Device:
    key, now = Ed25519PrivateKey.generate(), dt.datetime.now(dt.UTC)
    with county.hub.database.writing() as conn:
        code = make_code(conn, "A", now)
        made = redeem(conn, code, public_hex(key), box_hex(key), "pi", now)
    assert made is not None
    readers = sorted(county.refs.values())
    return Device(create_app(county.hub), key, made.kiosk_id, readers)


def ask_anything(
    device: Device, examples: int, labels: Sequence[str] = tuple(operations())
) -> None:
    """So many requests to each operation; fails if an answer is not as described."""
    for label in labels:

        @many(examples)
        @given(case=requests_to(label))
        def ask(case: Case) -> None:
            device.send(case)

        ask()


def visit_anything(browser: Browser, county: County, examples: int) -> set[int]:
    """So many visits of anybody to any page; returns the statuses that were seen."""
    county.send(county.k1.lends("YL0001", "nobody we know"))
    seen = set[int]()

    @many(examples)
    @given(
        role=st.sampled_from(sorted(Role)),
        visit=visits(browser.client.application, names_of(county)),
    )
    def call(role: Role, visit: Visit) -> None:
        stand_as(county, role)
        if visit.method == "GET":
            answer = browser.client.get(visit.path, query_string=visit.fields)
        else:
            answer = browser.post(visit.path, **visit.fields)
        seen.add(answer.status_code)
        assert answer.status_code < 500, (role, visit, answer.status)
        assert answer.location != "/desk/login", (role, visit, "logged out")

    call()
    return seen


@pytest.mark.fault("O24")
def test_every_request_of_a_device_gets_an_answer_as_described(
    device: Device,
) -> None:
    ask_anything(device, REQUESTS)

    assert device.seen >= {200, 400}, "made-up requests came to nothing"


def test_hub_that_falls_over_is_noticed(device: Device) -> None:
    """The control: a fuzz that finds nothing must be able to find something."""
    with (
        patch.object(api.cards, "meet", side_effect=ZeroDivisionError),
        pytest.raises(FailureGroup, match="500"),
    ):
        ask_anything(device, REQUESTS)


@pytest.mark.fault("O24")
def test_every_page_of_the_desk_stands_whatever_it_is_given(
    browser: Browser, county: County
) -> None:
    seen = visit_anything(browser, county, VISITS)

    assert seen >= {200, 400, 403}, "made-up visits came to nothing"


@pytest.mark.parametrize("path", ["/desk/items/a%00b", "/desk/items?text=%00"])
def test_sign_that_no_name_has_is_refused(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 400
    assert browser.post("/desk/sites", name="a\0b").status_code == 400


def names_of(county: County) -> list[str]:
    """What there is in the county, of any kind."""
    return [*county.refs, *county.refs.values(), *ITEMS, "A", "B", "hub", "k1", "t1"]


def stand_as(county: County, role: Role) -> None:
    standing = Standing(role, "A" if role in LOCAL else None)
    with county.hub.database.writing() as conn:
        set_standing(conn, CLERK, NAME, standing, NOW)
