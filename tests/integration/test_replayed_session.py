"""A whole session as somebody on the line recorded it, sent again."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from requests import Request

from sync.signing import sign
from tests.integration.hub_world import NOON
from tests.integration.point_world import Pair, pair
from tests.model.county import device_key
from tests.model.line import Captured

DAY_S = 86_400.0


def _session(here: Pair) -> list[Captured]:
    """What went over the line, in a few minutes of the day."""
    before = len(here.point.line.captured)
    here.point.lend(here.refs["R1"], ["YL0001"])
    here.point.take_back(["YL0002"])
    here.point.turn()
    return here.point.line.captured[before:]


@pytest.mark.fault("O46")
def test_session_replayed_a_day_later_has_no_effect(tmp_path: Path) -> None:
    with pair(tmp_path) as here:
        session = _session(here)
        pushes = [one for one in session if one.url.endswith("/v1/events")]
        at_once = here.point.line.deliver(pushes[-1]).status
        before = here.hub.effects()

        here.hub.time.seconds += DAY_S
        later = {here.point.line.deliver(one).status for one in session}

        assert at_once == HTTPStatus.OK  # so it is its age that has it refused
        assert later == {HTTPStatus.UNAUTHORIZED}
        assert here.hub.effects() == before


@pytest.mark.fault("O45", "O46")
def test_session_of_another_signer_or_of_none_has_no_effect(tmp_path: Path) -> None:
    with pair(tmp_path) as here:
        session = _session(here)
        before = here.hub.effects()

        bare = {here.point.line.deliver(_unsigned(one)).status for one in session}
        forged = {here.point.line.deliver(_forged(one)).status for one in session}

        assert (bare, forged) == ({HTTPStatus.UNAUTHORIZED}, {HTTPStatus.UNAUTHORIZED})
        assert here.hub.effects() == before


def _unsigned(seen: Captured) -> Captured:
    kept = {
        name: value
        for name, value in seen.headers.items()
        if not name.lower().startswith("signature")
    }
    return replace(seen, headers=kept)


def _forged(seen: Captured) -> Captured:
    """With the same nonce and the same name, by a key that is not the device's."""
    known = seen.headers["Signature-Input"].partition('nonce="')[2].partition('"')[0]
    request = Request(seen.method, seen.url, data=seen.body or None).prepare()
    if seen.body:
        request.headers["Content-Type"] = "application/json"
    sign(request, device_key("K-B"), "K-A", known or None, NOON)
    return replace(seen, headers=dict(request.headers))
