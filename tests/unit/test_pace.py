from __future__ import annotations

import pytest

from drivers import pace
from drivers.pace import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the pace sees; a test moves it by hand."""
    now = [1000.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def test_a_device_is_asked_less_often_while_nothing_changes(clock: list[float]) -> None:
    looks = Pace(0.15, slower=3)
    looks.looked({"A"})

    clock[0] += pace.QUIET_S + 1
    looks.looked({"A"})

    assert looks.interval_s == pytest.approx(0.45)


def test_a_change_makes_it_quick_again(clock: list[float]) -> None:
    looks = Pace(0.15, slower=3)
    clock[0] += pace.QUIET_S + 1

    looks.looked({"A", "B"})

    assert looks.interval_s == 0.15


def test_a_device_begins_quick(clock: list[float]) -> None:  # noqa: ARG001  (stopped)
    assert Pace(0.1, slower=2).interval_s == 0.1
