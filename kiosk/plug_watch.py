"""Tells when something has been plugged in, so that nobody waits for a lost device."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import structlog

from kiosk.runner import DeviceRunner

#: How long stopping may take.
_ROUND_S = 0.5
#: The kinds of nodes that a device of ours may have; "usb" for those without one.
_SUBSYSTEMS = ("tty", "input", "hidraw", "usb")

log = structlog.get_logger(__name__)


class PlugWatch:
    """Wakes the runners of lost devices at each plug, in a thread of its own.

    Without udev there is no thread; what is lost is then tried every few seconds.
    """

    def __init__(self, runners: Iterable[DeviceRunner]) -> None:
        self._runners = tuple(runners)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="plugs")
        self._monitor = _udev_monitor()
        if self._monitor is not None:
            self._thread.start()

    @property
    def alive(self) -> bool:
        return self._monitor is None or self._thread.is_alive()

    def stop(self) -> None:
        self._stopping.set()
        if self._monitor is not None:
            self._thread.join()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                device = self._monitor.poll(_ROUND_S)
            except OSError as err:
                # So many events came at once that some were lost.
                log.debug("udev events lost", reason=err)
                self._stopping.wait(_ROUND_S)
                self._wake()
                continue
            if device is not None and device.action == "add":
                self._wake()

    def _wake(self) -> None:
        for runner in self._runners:
            runner.wake()


def _udev_monitor() -> Any:
    """Listens to udev, which speaks after its rules; None where there is none."""
    try:
        import pyudev  # noqa: PLC0415  (only a Pi has it)

        monitor = pyudev.Monitor.from_netlink(pyudev.Context())
        for subsystem in _SUBSYSTEMS:
            monitor.filter_by(subsystem)
        monitor.start()
    except (ImportError, OSError) as err:
        log.info("no udev; lost devices are tried now and then", reason=err)
        return None
    return monitor
