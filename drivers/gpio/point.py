"""Not yet tried on hardware. Pins of a lending point, through gpiozero.

gpiozero watches inputs and makes lights blink with threads of its own; what they
tell arrives in a queue, and everything else happens in the caller's thread.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from drivers.api import (
    Beep,
    CommandRefused,
    DeviceEvent,
    DeviceLost,
    Light,
    PeoplePassed,
    Sense,
    SenseChanged,
)
from drivers.gpio.contacts import Contact, Turnstile
from drivers.gpio.lamps import Lamps

if TYPE_CHECKING:
    from gpiozero import DigitalInputDevice, OutputDevice

#: CommandRefused.status when no pin is configured for what was asked.
NO_PIN = 1

Pin = Annotated[int, Meta(ge=0, le=27)]
Seconds = Annotated[float, Meta(ge=0, le=60)]


class InputPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`pin`: BCM number. `active_high` False: the contact pulls the pin to ground."""

    pin: Pin
    active_high: bool = False


class OutputPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`pin`: BCM number. `active_high` False: the relay or lamp is on at 0 V."""

    pin: Pin
    active_high: bool = True


class GpioPoint:
    """What the configuration names is there; everything else is ignored.

    A contact is told once after `open` and then at every change that lasted
    `settle_s`. Lights and sounds go on after the call that began them.
    """

    #: Orders are carried out at once; what the pins tell may wait for so long.
    poll_interval_s = 0.25

    class Options(
        msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
    ):
        """Each pin may be left out. `people`: a light beam at the door.

        `unlock_s`: how long the lock is held open. `hold_off_s`: how long one person
        may take to pass the beam.
        """

        ready_light: OutputPin | None = None
        attention_light: OutputPin | None = None
        fault_light: OutputPin | None = None
        buzzer: OutputPin | None = None
        lock: OutputPin | None = None
        people: InputPin | None = None
        box_full: InputPin | None = None
        door_open: InputPin | None = None
        tamper: InputPin | None = None
        settle_s: Seconds = 1.0
        hold_off_s: Seconds = 1.0
        unlock_s: Annotated[float, Meta(ge=0.05, le=30)] = 3.0

        def __post_init__(self) -> None:
            used = [
                value.pin
                for name in self.__struct_fields__
                if isinstance(value := getattr(self, name), InputPin | OutputPin)
            ]
            twins = sorted({pin for pin in used if used.count(pin) > 1})
            if twins:
                raise ValueError(f"pin {twins[0]} is used twice")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._edges: queue.SimpleQueue[tuple[Sense | None, bool, float]] = (
            queue.SimpleQueue()
        )
        self._inputs: dict[Sense | None, DigitalInputDevice] = {}
        self._lamps: Lamps | None = None
        self._lock: OutputDevice | None = None

    def open(self) -> None:
        """Take the pins. Raises DeviceLost when there are none or others hold them."""
        self.close()
        from gpiozero.exc import GPIOZeroError

        try:
            self._take_pins()
        except (GPIOZeroError, OSError) as err:
            self.close()
            raise DeviceLost(f"GPIO: {err}") from err

    def events(self) -> Iterator[DeviceEvent | None]:
        """Everything that happened since the last step, then None."""
        contacts = {
            sense: Contact(self._options.settle_s, seen=bool(pin.is_active))
            for sense, pin in self._opened().items()
            if sense is not None
        }
        turnstile = Turnstile(self._options.hold_off_s)
        while True:
            yield from self._passed(contacts, turnstile)
            now = time.monotonic()
            for sense, contact in contacts.items():
                state = contact.change(now)
                if state is not None:
                    yield SenseChanged(sense, state)
            yield None

    def show(self, light: Light) -> None:
        if self._lamps is not None:
            self._lamps.show(light)

    def beep(self, beep: Beep) -> None:
        if self._lamps is not None:
            self._lamps.beep(beep)

    def unlock(self) -> None:
        """Hold the lock open for `unlock_s`; returns at once."""
        if self._lock is None:
            raise CommandRefused("GPIO: no lock is configured", status=NO_PIN)
        self._lock.blink(on_time=self._options.unlock_s, off_time=0, n=1)

    def close(self) -> None:
        devices = [*self._inputs.values(), self._lamps, self._lock]
        self._inputs, self._lamps, self._lock = {}, None, None
        for device in devices:
            if device is not None:
                device.close()
        with suppress(queue.Empty):
            while True:
                self._edges.get_nowait()

    def _take_pins(self) -> None:
        from gpiozero import DigitalOutputDevice

        options = self._options
        self._lamps = Lamps(options)
        if options.lock is not None:
            lock = options.lock
            self._lock = DigitalOutputDevice(lock.pin, active_high=lock.active_high)
        watched: dict[Sense | None, InputPin | None] = {
            Sense.BOX_FULL: options.box_full,
            Sense.DOOR_OPEN: options.door_open,
            Sense.TAMPER: options.tamper,
            None: options.people,
        }
        for sense, pin in watched.items():
            if pin is not None:
                self._inputs[sense] = self._watch(sense, pin)

    def _watch(self, sense: Sense | None, pin: InputPin) -> DigitalInputDevice:
        from gpiozero import DigitalInputDevice

        device = DigitalInputDevice(pin.pin, pull_up=not pin.active_high)
        device.when_activated = partial(self._note, sense, True)
        device.when_deactivated = partial(self._note, sense, False)
        return device

    def _note(self, sense: Sense | None, active: bool) -> None:  # noqa: FBT001  (called by gpiozero)
        self._edges.put((sense, active, time.monotonic()))

    def _passed(
        self, contacts: dict[Sense, Contact], turnstile: Turnstile
    ) -> Iterator[PeoplePassed]:
        """Take in all edges; those of contacts are judged afterwards."""
        with suppress(queue.Empty):
            while True:
                sense, active, at = self._edges.get_nowait()
                if sense is not None:
                    contacts[sense].observe(at, active=active)
                elif active and turnstile.passes(at):
                    yield PeoplePassed(1)

    def _opened(self) -> dict[Sense | None, DigitalInputDevice]:
        if self._lamps is None:
            raise DeviceLost("GPIO: not open")
        return self._inputs
