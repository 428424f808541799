"""The keys of one input device of Linux, taken away from everything else."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from drivers.api import DeviceLost
from drivers.codecs.keys import Key
from drivers.hotplug import NAME, USB, Subsystem, find_named_input, find_node

if TYPE_CHECKING:
    from evdev import InputDevice, InputEvent

#: Keys that people press and no wedge does: F1 to F12, the arrows.
_FOR_PEOPLE = frozenset({*range(59, 69), 87, 88, 103, 105, 106, 108})
_UNPLUGGED = (errno.EIO, errno.ENODEV, errno.ENXIO)


class EvdevKeys:
    """An open input device, grabbed, so that no key of it reaches the browser."""

    def __init__(self, path: str, *, spare_keyboards: bool = False) -> None:
        """Open and grab `path`. Raises DeviceLost when it is absent or taken.

        `spare_keyboards`: refuse a device that has the keys of a whole keyboard.
        """
        from evdev import InputDevice

        self._path = path
        try:
            self._device: InputDevice[str] = InputDevice(path)
        except OSError as err:
            raise self._lost(err) from err
        try:
            if spare_keyboards:
                self._refuse_keyboard()
            self._grab()
        except DeviceLost:
            self.close()
            raise

    def read(self, timeout_s: float) -> list[Key | None]:
        """Key events that have arrived, waiting at most `timeout_s` for the first.

        None stands where the kernel had to drop some. Raises DeviceLost.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            # Other events, such as scan codes, come between and end no silence.
            left_s = max(deadline - time.monotonic(), 0)
            keys = list(_keys(self._arrived(left_s)))
            if keys or not left_s:
                return keys

    def close(self) -> None:
        """Twice is fine, and so is a device that is already gone."""
        with suppress(OSError):
            self._device.close()

    def _arrived(self, timeout_s: float) -> list[InputEvent]:
        try:
            readable, _, _ = select.select([self._device], [], [], timeout_s)
            events = list(self._device.read()) if readable else None
        except BlockingIOError:
            return []
        except OSError as err:
            raise self._lost(err) from err
        if events == []:
            # Readable but empty is how some kernels say "unplugged".
            raise DeviceLost(f"{self._path}: unplugged (end of file)")
        return events or []

    def _refuse_keyboard(self) -> None:
        from evdev import ecodes

        keys = self._device.capabilities(absinfo=False).get(ecodes.EV_KEY, [])
        if set(keys) >= _FOR_PEOPLE:
            raise DeviceLost(
                f"{self._path}: {self._device.name!r} may be a person's keyboard; "
                f"if it is not, name it by {USB}VID:PID"
            )

    def _grab(self) -> None:
        """What was typed before is nobody's."""
        try:
            self._device.grab()
            while list(self._device.read()):
                continue
        except BlockingIOError:
            return
        except OSError as err:
            raise self._lost(err) from err

    def _lost(self, err: OSError) -> DeviceLost:
        return DeviceLost(f"{self._path}: {_reason(err)}")


def open_keys(address: str) -> EvdevKeys:
    """Open "/dev/input/…", "usb:VID:PID…" or "name:NAME" as the kernel names it.

    A device found by its name alone may be somebody's keyboard and is spared if it
    looks like one. Raises DeviceLost or BadOptions.
    """
    if address.startswith(NAME):
        return EvdevKeys(find_named_input(address), spare_keyboards=True)
    if address.startswith("/"):
        return EvdevKeys(address)
    return EvdevKeys(find_node(address, Subsystem.INPUT))


def _keys(events: list[InputEvent]) -> Iterator[Key | None]:
    from evdev import ecodes

    for event in events:
        if event.type == ecodes.EV_KEY:
            yield event.code, event.value
        elif (event.type, event.code) == (ecodes.EV_SYN, ecodes.SYN_DROPPED):
            yield None


def _reason(err: OSError) -> str:
    if err.errno in _UNPLUGGED:
        return f"unplugged ({errno.errorcode[err.errno]})"
    if err.errno == errno.EBUSY:
        return "in use by another program"
    if err.errno == errno.ENOTTY:
        return "not an input device"
    return os.strerror(err.errno) if err.errno else str(err)
