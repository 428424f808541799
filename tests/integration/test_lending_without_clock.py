"""Lending at a point whose wall clock means nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.domain.values import PatronState
from kiosk.service.daybook import Result
from sync.protocol import Clock, Kind, PatronChanged
from tests.integration.kiosk_world import READER, World, book

SESSION = "S-1"
DAY_S = 86400.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.clock(Clock.GUESSED)
    yield made
    made.close()


def borrow(world: World, barcode: str) -> list[str | None]:
    result: Result = world.lending.lend_alone(READER, [book(barcode)], SESSION)
    return [line.message.id if line.message else None for line in result.lines]


def reboot(world: World, name: str) -> None:
    """Begin a new boot: the counting clock starts from nothing again."""
    world.skip(-world.now().monotonic_ns / 1e9 + 1)
    world.at = replace(world.at, boot_id=name)


def test_days_without_the_hub_count_though_the_clock_stands_still(
    world: World,
) -> None:
    world.skip(6 * DAY_S)
    before = borrow(world, "B1")
    world.skip(2 * DAY_S)

    assert (before, borrow(world, "B2")) == (
        ["line.date_follows"],
        ["bar.offline_limit"],
    )


def test_days_count_over_reboots_that_reset_the_clock(world: World) -> None:
    for number in range(3):
        reboot(world, f"night-{number}")
        world.clock(Clock.GUESSED, days=-1)
        world.skip(3 * DAY_S)
        world.daybook.note(Kind.PEOPLE_COUNTED, {"count": 1})

    assert borrow(world, "B1") == ["bar.offline_limit"]


@pytest.mark.parametrize("days", [3650, -3650, 365, -1])
def test_a_clock_that_is_years_off_refuses_nobody(world: World, days: int) -> None:
    soon = world.at.wall.date() + dt.timedelta(days=30)
    valid = replace(READER, expires_on=soon, state=PatronState.VALID)
    world.tell(PatronChanged(valid))
    world.clock(Clock.GUESSED, days=days)

    assert borrow(world, "B1") == ["line.date_follows"]


@pytest.mark.fault("O30")
@pytest.mark.parametrize("quality", Clock)
def test_steps_of_the_clock_leave_the_order_of_events_alone(
    world: World, quality: Clock
) -> None:
    for number, days in enumerate([0, 3650, -7300, 3650, 1, -1], start=1):
        world.clock(quality, days=days)
        world.daybook.note(Kind.PEOPLE_COUNTED, {"count": number})

    events = world.events()

    assert [event.seq for event in events] == list(range(1, 7))
    assert [event.payload["count"] for event in events] == list(range(1, 7))
    ticks = [event.monotonic_ns for event in events]
    assert ticks == sorted(ticks)


@pytest.mark.fault("O31")
def test_one_use_case_has_one_time_though_the_clock_is_set_in_between(
    world: World,
) -> None:
    """Every reading of the clock finds it stepped by a year."""
    readings = []

    def now() -> object:
        world.clock(world.at.quality, days=365)
        readings.append(world.at.wall)
        return world.now()

    stepping = replace(world.daybook, now=now)
    lending = replace(world.lending, daybook=stepping)
    books = [book(f"B{number}") for number in range(1, 4)]

    plans = lending.ask(READER, books, SESSION)
    lending.settle(plans, {}, SESSION)

    times = [event.occurred_at for event in world.events()]
    assert times == [readings[0]] * 3 + [readings[1]] * 3
