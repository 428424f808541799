"""The description of the API says what the hub really does."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import requests
from click.testing import CliRunner

from kiosk.cli import main
from sync.hub.door.api import api
from sync.hub.door.app import create_app
from sync.hub.door.openapi import OPERATIONS, description
from sync.protocol import Enrolled, FeedPage, HeartbeatAnswer
from tests.integration.hub_server import (
    Client,
    Server,
    client,
    enrolment,
    kiosk,
    server,
    stranger_at,
)
from tests.integration.hub_world import County, county, database_url, hub

__all__ = ["client", "county", "database_url", "hub", "kiosk", "server"]


def test_every_route_of_the_api_is_described_and_no_other(county: County) -> None:
    app = create_app(county.hub)
    routes = {
        (method.lower(), rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{api.name}.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    paths = description()["paths"]

    assert routes == {(method, path) for path in paths for method in paths[path]}


def test_every_reference_leads_somewhere() -> None:
    said = description()
    schemas = said["components"]["schemas"]

    names = {ref.rsplit("/", 1)[-1] for ref in references(said)}

    assert names <= schemas.keys()
    assert {"Event", "Verdict", "Problem"} <= names


def test_every_refusal_is_a_problem_as_described(
    server: Server, client: Client
) -> None:
    stranger = stranger_at(server)
    answers = {
        400: client.call("GET", "/v1/feed?limit=0"),
        401: stranger.call("GET", "/v1/feed"),
        403: stranger.call("POST", "/v1/enrol", enrolment("0000-0000", stranger)),
        404: requests.get(server.url + "/v1/nothing", timeout=10),
        405: requests.get(server.url + "/v1/events", timeout=10),
    }

    for status, answer in answers.items():
        assert answer.status_code == status
        assert set(answer.json()) <= set(shape("Problem")["properties"])


def test_answers_have_the_fields_that_are_described(
    server: Server, client: Client
) -> None:
    stranger = stranger_at(server)
    enrolled = stranger.call("POST", "/v1/enrol", enrolment(server.code(), stranger))
    page = client.call("GET", "/v1/feed")

    for answer, struct in ((enrolled, Enrolled), (page, FeedPage)):
        described = shape(struct.__name__)
        assert answer.status_code == 200
        assert set(answer.json()) <= set(described["properties"])
        assert set(described.get("required", ())) <= set(answer.json())


def test_command_prints_the_description() -> None:
    done = CliRunner().invoke(main, ["hub", "openapi"])

    assert done.exit_code == 0
    assert json.loads(done.output) == json.loads(msgspec.json.encode(description()))
    assert {one.path for one in OPERATIONS} <= json.loads(done.output)["paths"].keys()
    assert HeartbeatAnswer.__name__ in json.loads(done.output)["components"]["schemas"]


def shape(name: str) -> dict[str, Any]:
    found: dict[str, Any] = description()["components"]["schemas"][name]
    return found


def references(value: object) -> list[str]:
    """Every `$ref` anywhere in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for each in value.values() for ref in references(each)]
    if isinstance(value, list):
        return [ref for each in value for ref in references(each)]
    return []
