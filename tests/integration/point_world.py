"""One point and its hub in one process, with a line between them that a test may spoil."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs
from werkzeug.wrappers import Response

from tests.model.county import POINTS, ModelHub, TrueTime
from tests.model.point import Point


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A point that has met its hub; `refs` of its readers."""

    hub: ModelHub
    point: Point
    refs: dict[str, str]

    def answers_by(self, answer: Callable[[dict[str, Any]], Response]) -> None:
        """Let the line go through this; `pair.hub.call` is the way it was."""
        self.point.line.hub = answer

    def all_is_said(self) -> bool:
        """Turn until nothing is left to do, four times at most."""
        clean = [self.point.turn() for _ in range(4)]
        return clean[-1] and self.point.agent.pending == 0


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    with capture_logs():
        hub = ModelHub(folder / "hub", TrueTime())
        (kiosk_id, site), _ = POINTS
        point = Point(folder / kiosk_id, kiosk_id, site, hub, seed=1)
        point.turn()
        refs = {row["number"]: row["patron_ref"] for row in hub.patrons()}
        try:
            yield Pair(hub, point, refs)
        finally:
            point.stop_agent()
            point.stop_kiosk()
            hub.close()
