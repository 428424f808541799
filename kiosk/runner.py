"""One supervised thread per device: open, run, back off, report health once."""

from __future__ import annotations

import contextlib
import queue
import threading
import time

import structlog

from drivers.api import (
    DeviceLost,
    Driver,
    DriverError,
    Feedback,
    Lock,
    Printer,
    TagWriter,
)
from kiosk.messages import DeviceDown, DeviceSaid, DeviceUp, Inbox, Order
from kiosk.orders import carry_out, give_up

FIRST_PAUSE_S = 0.2
#: A device that is plugged in again is back within ten seconds.
LONGEST_PAUSE_S = 5.0
#: A driver gives a sign of life every second; writing a stack of tags takes longest.
STUCK_S = 30.0

log = structlog.get_logger(__name__)


class DeviceRunner:
    """Owns a driver: only its own thread ever calls it."""

    def __init__(self, name: str, driver: Driver, inbox: Inbox) -> None:
        self.name = name
        self._driver = driver
        self._inbox = inbox
        self._orders: queue.Queue[Order] = queue.Queue()
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._up = False
        self._told_down = False
        self._alive_at = time.monotonic()
        self._failures = 0
        self._failures_when_woken = 0
        # One that hangs in a call must not keep the process from ending.
        self._thread = threading.Thread(
            target=self._run, name=f"device-{name}", daemon=True
        )

    @property
    def writes_tags(self) -> bool:
        return isinstance(self._driver, TagWriter)

    @property
    def prints(self) -> bool:
        return isinstance(self._driver, Printer)

    @property
    def signals(self) -> bool:
        return isinstance(self._driver, Feedback)

    @property
    def locks(self) -> bool:
        return isinstance(self._driver, Lock)

    @property
    def up(self) -> bool:
        return self._up

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def daemon(self) -> bool:
        return self._thread.daemon

    def start(self) -> None:
        self._thread.start()

    def order(self, order: Order) -> None:
        """Have something done between two events; what expects an answer gets one."""
        self._orders.put(order)
        if not self._up:
            self._fail_orders()

    def look_after(self) -> None:
        """Count a device as lost whose driver does not come back from a call.

        For any thread; what it says afterwards brings the device back.
        """
        if self._told_down or time.monotonic() - self._alive_at <= STUCK_S:
            return
        log.error("device stuck", device=self.name)
        self._tell_down()
        self._fail_orders()

    def wake(self) -> None:
        """Try a lost device at once, as something has been plugged in."""
        self._woken.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stop.set()
        self._woken.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        self._alive_at = time.monotonic()
        while not self._stop.is_set():
            try:
                self._driver.open()
                self._serve()
            except Exception as err:  # noqa: BLE001  (top of a thread: one driver's fault must not stop the other devices)
                self._lost(err)
            self._close()
            self._fail_orders()
            self._rest()
        self._up = False
        self._fail_orders()

    def _serve(self) -> None:
        for event in self._driver.events():
            self._well()
            if event is not None:
                self._inbox.put(DeviceSaid(self.name, event))
            self._carry_out(self._driver.poll_interval_s)
            if self._stop.is_set():
                return
        raise DeviceLost(f"{self.name}: has nothing more to say")

    def _close(self) -> None:
        try:
            self._driver.close()
        except Exception as err:  # as in _run: it is opened again all the same
            log.warning("device not closed", device=self.name, exc_info=err)

    def _carry_out(self, patience_s: float) -> None:
        """Do what was ordered; wait for an order only as long as the device may rest."""
        self._alive_at = time.monotonic() + patience_s
        with contextlib.suppress(queue.Empty):
            if patience_s:
                self._do(self._orders.get(timeout=patience_s))
            while True:
                self._do(self._orders.get_nowait())

    def _do(self, order: Order) -> None:
        carry_out(self._driver, order, self._inbox.put)
        self._alive_at = time.monotonic()

    def _fail_orders(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                give_up(self._orders.get_nowait(), self._inbox.put)

    def _well(self) -> None:
        if self._up:
            return
        self._up, self._told_down = True, False
        self._failures, self._failures_when_woken = 0, 0
        log.info("device up", device=self.name)
        self._inbox.put(DeviceUp(self.name))

    def _lost(self, err: Exception) -> None:
        self._failures += 1
        fault = None if isinstance(err, DriverError) else err
        if self._told_down:
            log.debug("device still lost", device=self.name, reason=err)
            return
        log.warning("device lost", device=self.name, reason=err, exc_info=fault)
        self._tell_down()

    def _tell_down(self) -> None:
        self._up, self._told_down = False, True
        self._inbox.put(DeviceDown(self.name))

    def _rest(self) -> None:
        """Wait before the next try; after a plug the pauses are short again."""
        if self._woken.wait(self._pause()):
            self._failures_when_woken = self._failures
        self._woken.clear()

    def _pause(self) -> float:
        tries = self._failures - self._failures_when_woken
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(tries, 8))
