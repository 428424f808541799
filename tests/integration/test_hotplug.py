"""A serial device that is unplugged and comes back, below its real runner."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import CodeScanned
from drivers.emulators.line_scanner import LineScannerEmulator, answer
from drivers.emulators.pty import Pty
from drivers.registry import create
from kiosk import runner as runners
from kiosk.messages import DeviceDown, DeviceSaid, DeviceUp, Inbox
from kiosk.plug_watch import PlugWatch
from kiosk.runner import DeviceRunner

ISBN = "9787020002207"
UP, DOWN = DeviceUp("scanner"), DeviceDown("scanner")
#: The promise for a device that is plugged in again.
BACK_S = 10.0
#: A back-off that no test would sit out.
NEVER_S = 600.0


@pytest.fixture
def inbox() -> Inbox:
    return queue.Queue()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Pty]:
    pty = Pty(tmp_path / "scanner", answer)
    pty.start()
    yield pty
    pty.stop()


@pytest.fixture
def runner(port: Pty, inbox: Inbox) -> Iterator[DeviceRunner]:
    driver = create("line_scanner", {"port": str(port.path)})
    device = DeviceRunner("scanner", driver, inbox)
    device.start()
    assert inbox.get(timeout=BACK_S) == UP
    yield device
    device.stop()
    assert not device.alive


@pytest.mark.usefixtures("runner")
def test_a_device_that_is_plugged_in_again_works_within_ten_seconds(
    port: Pty, inbox: Inbox
) -> None:
    port.unplug()
    assert inbox.get(timeout=BACK_S) == DOWN

    port.plug()
    assert inbox.get(timeout=BACK_S) == UP
    LineScannerEmulator(port.send).scan(ISBN)

    assert inbox.get(timeout=BACK_S) == DeviceSaid("scanner", CodeScanned(ISBN))


def test_a_device_that_was_gone_for_long_is_back_at_once_when_something_is_plugged_in(
    port: Pty, inbox: Inbox, runner: DeviceRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "FIRST_PAUSE_S", NEVER_S)
    monkeypatch.setattr(runners, "LONGEST_PAUSE_S", NEVER_S)
    port.unplug()
    assert inbox.get(timeout=BACK_S) == DOWN

    port.plug()
    runner.wake()

    assert inbox.get(timeout=BACK_S) == UP


def test_a_plug_of_something_else_tells_nothing_new_of_a_lost_device(
    port: Pty, inbox: Inbox, runner: DeviceRunner
) -> None:
    port.unplug()
    assert inbox.get(timeout=BACK_S) == DOWN

    for _ in range(5):
        runner.wake()
    port.plug()

    assert inbox.get(timeout=BACK_S) == UP


def test_pauses_are_short_again_after_a_plug(inbox: Inbox) -> None:
    device = DeviceRunner("scanner", create("line_scanner", {"port": "/dev/no"}), inbox)
    device._failures = 12
    device.wake()

    device._rest()

    assert device._pause() == runners.FIRST_PAUSE_S


def test_a_runner_that_waits_for_its_device_stops_at_once(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "FIRST_PAUSE_S", NEVER_S)
    monkeypatch.setattr(runners, "LONGEST_PAUSE_S", NEVER_S)
    device = DeviceRunner("scanner", create("line_scanner", {"port": "/dev/no"}), inbox)
    device.start()
    assert inbox.get(timeout=BACK_S) == DOWN

    started = time.monotonic()
    device.stop()

    assert not device.alive
    assert time.monotonic() - started < BACK_S


def test_without_udev_there_is_no_watch_and_nothing_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyudev", None)

    watch = PlugWatch([])

    assert watch.alive
    watch.stop()
