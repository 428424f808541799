"""Answers that no hub should give: the point goes on, and takes the next good one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from tests.integration.point_world import Pair, pair
from tests.model import truths

LONG = "x" * 10_000_000
#: Put in place of each value in turn, as it stands in the JSON.
ABSURD = {
    "NaN": "NaN",
    "deep nesting": "[" * 100_000 + "]" * 100_000,
    "ten megabytes": json.dumps(LONG),
    "lone surrogate": '"\\ud800"',
    "wrong type": '{"a": []}',
    "huge number": "1" + "0" * 30,
    "negative": "-1",
    "the year 1": '"0001-01-01T00:00:00+14:00"',
    "the year 9999": '"9999-12-31T23:59:59-12:00"',
    "no zone": '"2026-11-23T12:00:00"',
    "nothing": "null",
}
SPOILT = (
    ("/v1/events", ("hub_time", "seq", "due_on", "feed_version")),
    ("/v1/feed", ("hub_time", "cursor", "changes", "run")),
    ("/v1/heartbeat", ("hub_time", "seq")),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as made:
        yield made


@pytest.mark.fault("O24")
@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_answer_stops_neither_agent_nor_kiosk(world: Pair, name: str) -> None:
    for path, keys in SPOILT:
        for key in keys:
            world.answers_by(_with_value(world, path, key, ABSURD[name]))
            world.point.lend(world.refs["R1"], ["YL0001"])
            world.point.take_back(["YL0001"])
            clean = world.point.turn()
            assert not (clean and key == "hub_time")  # it was spoilt, and seen to be

    world.answers_by(world.hub.call)

    assert world.all_is_said()
    truths.ledgers_and_hub_agree(world.hub, [world.point])
    truths.views_agree(world.hub, [world.point])


@pytest.mark.fault("O24")
def test_one_absurd_loan_does_not_stop_the_feed(world: Pair) -> None:
    bad = _loan("2026-01-01T00:00:00"), _loan("0001-01-01T00:00:00+14:00")
    title = {"title_id": "t9", "title": "\x1b@\x00\x07夜\u202e", "author": "\x9b"}
    good = {"type": "title", "value": title | {"call_number": "", "cover": None}}

    world.answers_by(_with_changes(world, [*bad, good]))
    world.point.lend(world.refs["R1"], ["YL0001"])
    assert world.point.turn()

    mirror = world.point.knowledge.mirror
    kept = mirror.title("t9")
    assert kept is not None
    assert kept.title == title["title"]
    assert mirror.loans_of("p9") == ()
    assert world.point.knowledge.loan_of("YL0002") is None


def _loan(loaned_at: str) -> dict[str, Any]:
    value = {
        "loan_ref": f"r{loaned_at}",
        "item": "YL0002",
        "patron_ref": "p9",
        "loaned_at": loaned_at,
        "due_on": "9999-12-31",
    }
    return {"type": "loan", "value": value}


def _with_changes(world: Pair, changes: list[dict[str, Any]]) -> Any:
    def answer(environ: dict[str, Any]) -> Response:
        response = world.hub.call(environ)
        page = json.loads(response.get_data())
        if page.get("changes"):
            page["changes"] += changes
            response.set_data(json.dumps(page))
        return response

    return answer


def _with_value(world: Pair, path: str, key: str, value: str) -> Any:
    """Every value of that name, at any depth, becomes the absurd one."""

    def answer(environ: dict[str, Any]) -> Response:
        response = world.hub.call(environ)
        if environ["PATH_INFO"] == path and response.status_code == 200:
            told = json.loads(response.get_data())
            spoilt = json.dumps(_marked(told, key)).replace('"\\u0000"', value)
            response.set_data(spoilt)
        return response

    return answer


def _marked(told: Any, key: str) -> Any:
    if isinstance(told, list):
        return [_marked(one, key) for one in told]
    if isinstance(told, dict):
        return {
            name: "\x00" if name == key else _marked(one, key)
            for name, one in told.items()
        }
    return told
