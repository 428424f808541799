from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kiosk.clock import BootTime, HubTime, SystemClock
from sync.protocol import Clock

NOON = dt.datetime(2026, 5, 4, 4, tzinfo=dt.UTC)
NOWHERE = Path("/nonexistent/rtc0")
SECOND_NS = 1_000_000_000


def clock(
    *,
    wall: dt.datetime = NOON,
    synchronised: bool = False,
    rtc: Path = NOWHERE,
) -> SystemClock:
    return SystemClock(
        wall=lambda: wall,
        boot=lambda: BootTime("boot-1", 100 * SECOND_NS),
        synchronised=lambda: synchronised,
        rtc=rtc,
    )


def test_clock_steered_by_a_time_server_is_synced() -> None:
    moment = clock(synchronised=True).now()

    assert (moment.wall, moment.quality) == (NOON, Clock.SYNCED)
    assert (moment.boot_id, moment.monotonic_ns) == ("boot-1", 100 * SECOND_NS)


def test_clock_set_by_hardware_is_rtc(tmp_path: Path) -> None:
    assert clock(rtc=tmp_path).now().quality is Clock.RTC


@pytest.mark.parametrize("year", [1970, 2024])
def test_clock_that_was_never_set_is_guessed(tmp_path: Path, year: int) -> None:
    wall = dt.datetime(year, 12, 31, tzinfo=dt.UTC)

    assert clock(wall=wall, rtc=tmp_path).now().quality is Clock.GUESSED


def test_clock_without_hardware_is_guessed() -> None:
    assert clock().now().quality is Clock.GUESSED


def test_hub_time_of_this_boot_gives_the_time() -> None:
    asked = clock(wall=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))

    asked.learn(HubTime(NOON, BootTime("boot-1", 40 * SECOND_NS)))

    moment = asked.now()
    assert (moment.wall, moment.quality) == (
        NOON + dt.timedelta(seconds=60),
        Clock.SYNCED,
    )


def test_hub_time_of_an_earlier_boot_says_nothing() -> None:
    asked = clock()

    asked.learn(HubTime(NOON, BootTime("boot-0", 40 * SECOND_NS)))

    assert asked.now().quality is Clock.GUESSED


def test_machine_has_a_boot_id_and_a_clock_that_runs_forward() -> None:
    asked = SystemClock()

    first, second = asked.now(), asked.now()

    assert first.boot_id == second.boot_id != ""
    assert first.monotonic_ns < second.monotonic_ns
    assert first.wall.tzinfo is dt.UTC


def test_time_server_is_followed_while_it_agrees_with_the_hub() -> None:
    asked = clock(synchronised=True)

    asked.learn(HubTime(NOON + dt.timedelta(seconds=3), at_now()))

    assert asked.now().wall == NOON


@pytest.mark.fault("O30")
@pytest.mark.parametrize("years", [-10, 10])
def test_hub_outweighs_a_time_server_that_is_years_off(years: int) -> None:
    asked = clock(wall=NOON.replace(year=NOON.year + years), synchronised=True)

    asked.learn(HubTime(NOON, at_now()))

    assert (asked.now().wall, asked.now().quality) == (NOON, Clock.SYNCED)


def test_hub_whose_clock_was_put_right_is_believed_again() -> None:
    asked = clock()
    asked.learn(HubTime(NOON.replace(year=2036), at_now()))

    asked.learn(HubTime(NOON, at_now()))

    assert asked.now().wall == NOON


def at_now() -> BootTime:
    return BootTime("boot-1", 100 * SECOND_NS)
