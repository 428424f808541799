"""A point with a dispatcher at work, for the tests that go through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.dispatcher_point import (
    MakePoint,
    Point,
)
from tests.integration.kiosk_world import (
    World,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def make_point(world: World) -> Iterator[MakePoint]:
    points: list[Point] = []

    def make(*, left_behind: Sequence[str] = (), **settings: Any) -> Point:
        points.append(Point(world, **settings))
        points[-1].start(left_behind)
        return points[-1]

    yield make
    for point in points:
        point.stop()


@pytest.fixture
def point(make_point: MakePoint) -> Point:
    return make_point()
