"""The status light and the buzzer: what each state looks and sounds like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from drivers.api import Beep, Light

if TYPE_CHECKING:
    from gpiozero import DigitalOutputDevice

    from drivers.gpio.point import OutputPin

#: Seconds on and off; even for "working", short for "please look here".
_BUSY_S = (0.5, 0.5)
_ATTENTION_S = (0.2, 0.2)
#: Times, seconds on, seconds off.
_BEEPS = {Beep.DONE: (1, 0.12, 0.0), Beep.REFUSED: (2, 0.25, 0.15)}


class LampPins(Protocol):
    """Where the lights and the buzzer are; None for what is not there."""

    @property
    def ready_light(self) -> OutputPin | None: ...
    @property
    def attention_light(self) -> OutputPin | None: ...
    @property
    def fault_light(self) -> OutputPin | None: ...
    @property
    def buzzer(self) -> OutputPin | None: ...


class Lamps:
    """One light at a time: green ready or working, yellow attention, red fault.

    Raises what gpiozero raises for a pin that can't be taken.
    """

    def __init__(self, pins: LampPins) -> None:
        self._ready = _output(pins.ready_light)
        self._attention = _output(pins.attention_light)
        self._fault = _output(pins.fault_light)
        self._buzzer = _output(pins.buzzer)

    def show(self, light: Light) -> None:
        """Change the light; one that is missing stays dark."""
        for lamp in (self._ready, self._attention, self._fault):
            if lamp is not None:
                lamp.off()
        match light:
            case Light.READY if self._ready is not None:
                self._ready.on()
            case Light.BUSY if self._ready is not None:
                self._ready.blink(*_BUSY_S)
            case Light.ATTENTION if self._attention is not None:
                self._attention.blink(*_ATTENTION_S)
            case Light.FAULT if self._fault is not None:
                self._fault.on()

    def beep(self, beep: Beep) -> None:
        """Begin to beep; a beep that still sounds is cut off."""
        if self._buzzer is not None:
            times, on_s, off_s = _BEEPS[beep]
            self._buzzer.blink(on_time=on_s, off_time=off_s, n=times)

    def close(self) -> None:
        """Dark and silent. Twice is fine."""
        for output in (self._ready, self._attention, self._fault, self._buzzer):
            if output is not None:
                output.close()


def _output(pin: OutputPin | None) -> DigitalOutputDevice | None:
    from gpiozero import DigitalOutputDevice

    if pin is None:
        return None
    return DigitalOutputDevice(pin.pin, active_high=pin.active_high)
