"""Taking events from a driver as the kiosk does, in tests of what drivers must do."""

from __future__ import annotations

import time
from collections.abc import Iterator

from drivers.api import DeviceEvent, Driver

#: An event that never comes ends the test after so long.
PATIENCE_S = 10.0
#: So long a device is watched that must not say anything more.
WATCHED_S = 0.3

Events = Iterator[DeviceEvent | None]


def listen(driver: Driver) -> Events:
    """Every step of an open driver; between two it rests as the kiosk lets it."""
    for event in driver.events():
        yield event
        time.sleep(driver.poll_interval_s)


def until(events: Events, awaited: DeviceEvent) -> list[DeviceEvent]:
    """What was said up to the awaited event, with it."""
    deadline = time.monotonic() + PATIENCE_S
    said: list[DeviceEvent] = []
    for event in events:
        said += [event] if event else []
        if event == awaited:
            return said
        assert time.monotonic() < deadline, f"never came: {awaited}, but {said}"
    raise AssertionError(f"ended before {awaited}, after {said}")


def for_a_while(events: Events, watched_s: float = WATCHED_S) -> list[DeviceEvent]:
    """What is said within that time; the step at its end is waited for."""
    deadline = time.monotonic() + watched_s
    said = []
    while time.monotonic() < deadline:
        said.append(next(events))
    return [event for event in said if event]


def hear_out(events: Events) -> None:
    """Take events for ever; only a lost device ends it, or the patience does."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        next(events)
