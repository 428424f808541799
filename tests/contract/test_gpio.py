"""The GPIO driver on gpiozero's own mock pins: a Raspberry Pi without wires."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from drivers import registry
from drivers.api import (
    BadOptions,
    Beep,
    CommandRefused,
    DeviceEvent,
    DeviceLost,
    Feedback,
    Light,
    Lock,
    PeoplePassed,
    Sense,
    SenseChanged,
)
from drivers.gpio.point import GpioPoint

GREEN, YELLOW, RED, BUZZER, LOCK, BEAM, BOX, TAMPER = 5, 6, 13, 19, 26, 20, 21, 16
PINS = {
    "ready_light": {"pin": GREEN},
    "attention_light": {"pin": YELLOW},
    "fault_light": {"pin": RED, "active_high": False},
    "buzzer": {"pin": BUZZER},
    "lock": {"pin": LOCK},
    "people": {"pin": BEAM},
    "box_full": {"pin": BOX},
    "tamper": {"pin": TAMPER, "active_high": True},
}

MakePoint = Callable[..., GpioPoint]


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before = Device.pin_factory
    Device.pin_factory = factory = MockFactory()
    yield factory
    factory.reset()
    Device.pin_factory = before


@pytest.fixture
def make_point(pins: MockFactory) -> Iterator[MakePoint]:  # noqa: ARG001  (sets the pins)
    made: list[GpioPoint] = []

    def make(**options: Any) -> GpioPoint:
        settings = PINS | {"settle_s": 0, "hold_off_s": 0, "unlock_s": 0.1} | options
        point = registry.create("gpio", settings)
        assert isinstance(point, GpioPoint)
        point.open()
        made.append(point)
        return point

    yield make
    for point in made:
        point.close()


def told(events: Iterator[DeviceEvent | None]) -> DeviceEvent:
    """The next event, though the device says "alive" many times before."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        event = next(events)
        if event is not None:
            return event
        time.sleep(0.01)
    raise AssertionError("nothing was told")


def started(point: GpioPoint) -> Iterator[DeviceEvent | None]:
    """Events from after the contacts' first states."""
    events = point.events()
    assert {told(events), told(events)} == {
        SenseChanged(Sense.BOX_FULL, active=False),
        SenseChanged(Sense.TAMPER, active=False),
    }
    return events


def wait_for(pin: MockPin, state: bool) -> None:  # noqa: FBT001  (a pin's level)
    deadline = time.monotonic() + 5
    while bool(pin.state) is not state:
        assert time.monotonic() < deadline, f"{pin} never became {state}"
        time.sleep(0.005)


def test_a_full_box_is_told_once_and_an_emptied_one_too(
    make_point: MakePoint, pins: MockFactory
) -> None:
    point = make_point()
    events = started(point)

    pins.pin(BOX).drive_low()
    assert told(events) == SenseChanged(Sense.BOX_FULL, active=True)
    assert list(islice(events, 3)) == [None] * 3

    pins.pin(BOX).drive_high()
    assert told(events) == SenseChanged(Sense.BOX_FULL, active=False)


def test_a_contact_that_pulls_up_is_read_the_other_way_round(
    make_point: MakePoint, pins: MockFactory
) -> None:
    point = make_point()
    events = started(point)

    pins.pin(TAMPER).drive_high()

    assert told(events) == SenseChanged(Sense.TAMPER, active=True)


def test_a_parcel_falling_past_the_switch_does_not_fill_the_box(
    make_point: MakePoint, pins: MockFactory
) -> None:
    point = make_point(settle_s=0.3)
    events = started(point)

    pins.pin(BOX).drive_low()
    pins.pin(BOX).drive_high()
    assert list(islice(events, 3)) == [None] * 3  # both edges were there by now

    pins.pin(BOX).drive_low()
    assert told(events) == SenseChanged(Sense.BOX_FULL, active=True)


def test_each_broken_beam_is_a_person(make_point: MakePoint, pins: MockFactory) -> None:
    point = make_point()
    events = started(point)

    for _ in range(2):
        pins.pin(BEAM).drive_low()
        pins.pin(BEAM).drive_high()

    assert [told(events), told(events)] == [PeoplePassed(1)] * 2


def test_two_legs_are_one_person(make_point: MakePoint, pins: MockFactory) -> None:
    point = make_point(hold_off_s=30)
    events = started(point)

    for _ in range(2):
        pins.pin(BEAM).drive_low()
        pins.pin(BEAM).drive_high()

    assert told(events) == PeoplePassed(1)
    assert list(islice(events, 4)) == [None] * 4


@pytest.mark.parametrize(
    ("light", "lit"),
    [(Light.READY, GREEN), (Light.FAULT, RED), (Light.BUSY, GREEN)],
)
def test_one_light_is_on_at_a_time(
    make_point: MakePoint, pins: MockFactory, light: Light, lit: int
) -> None:
    point = make_point()
    assert isinstance(point, Feedback)
    point.show(Light.ATTENTION)

    point.show(light)

    wait_for(pins.pin(lit), state=lit != RED)  # the red lamp is on at 0 V
    assert not pins.pin(YELLOW).state


def test_working_blinks(make_point: MakePoint, pins: MockFactory) -> None:
    make_point().show(Light.BUSY)

    wait_for(pins.pin(GREEN), state=True)
    wait_for(pins.pin(GREEN), state=False)
    wait_for(pins.pin(GREEN), state=True)


def test_no_is_two_beeps_and_done_is_one(
    make_point: MakePoint, pins: MockFactory
) -> None:
    point = make_point()
    pins.pin(BUZZER).clear_states()

    for beep, times in ((Beep.DONE, 1), (Beep.REFUSED, 2)):
        point.beep(beep)
        for _ in range(times):
            wait_for(pins.pin(BUZZER), state=True)
            wait_for(pins.pin(BUZZER), state=False)
        heard = [state.state for state in pins.pin(BUZZER).states]
        assert heard.count(True) == times
        pins.pin(BUZZER).clear_states()


def test_the_lock_opens_and_locks_by_itself(
    make_point: MakePoint, pins: MockFactory
) -> None:
    point = make_point()
    assert isinstance(point, Lock)

    point.unlock()

    wait_for(pins.pin(LOCK), state=True)
    wait_for(pins.pin(LOCK), state=False)


def test_a_point_without_a_lock_says_so(make_point: MakePoint) -> None:
    with pytest.raises(CommandRefused, match="no lock"):
        make_point(lock=None).unlock()


@pytest.mark.usefixtures("pins")
def test_what_is_not_wired_is_ignored() -> None:
    point = registry.create("gpio", {})
    assert isinstance(point, GpioPoint)
    point.open()

    point.show(Light.FAULT)
    point.beep(Beep.DONE)
    assert next(point.events()) is None
    point.close()
    point.close()


def test_pins_that_another_program_holds_are_a_lost_device(
    make_point: MakePoint,
) -> None:
    make_point()
    rival = registry.create("gpio", {"buzzer": {"pin": BUZZER}})

    with pytest.raises(DeviceLost, match="19"):
        rival.open()


def test_a_closed_point_is_lost_and_can_be_opened_again(
    make_point: MakePoint,
) -> None:
    point = make_point()
    point.close()

    with pytest.raises(DeviceLost):
        next(point.events())
    point.open()
    started(point)


def test_two_uses_of_one_pin_are_refused() -> None:
    with pytest.raises(BadOptions, match="pin 5 is used twice"):
        registry.create("gpio", {"buzzer": {"pin": 5}, "tamper": {"pin": 5}})


def test_a_machine_without_pins_is_a_lost_device() -> None:
    before = Device.pin_factory
    Device.pin_factory = None
    try:
        with (
            pytest.warns(Warning, match="Falling back"),
            pytest.raises(DeviceLost, match="pin factory"),
        ):
            registry.create("gpio", {"buzzer": {"pin": BUZZER}}).open()
    finally:
        Device.pin_factory = before
