"""Loose plugs: many losses and returns leave nothing behind."""

from __future__ import annotations

import gc
import logging
import queue
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.emulators.pn532 import Pn532Emulator
from drivers.emulators.pty import Pty
from drivers.registry import create
from kiosk import runner as runners
from kiosk.messages import DeviceDown, DeviceUp, Inbox
from kiosk.runner import DeviceRunner

CYCLES, WARM_UP = 60, 10
BACK_S = 10.0
#: Less than a buffer of a line per cycle.
MOST_KEPT_BYTES = 100_000
UP, DOWN = DeviceUp("device"), DeviceDown("device")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(runners, "LONGEST_PAUSE_S", 0.02)


@pytest.fixture
def inbox() -> Inbox:
    return queue.Queue()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Pty]:
    pty = Pty(tmp_path / "pn532", Pn532Emulator().answer)
    pty.start()
    yield pty
    pty.stop()


def runner_at(port: Pty, inbox: Inbox) -> DeviceRunner:
    driver = create("pn532", {"port": str(port.path)})
    return DeviceRunner("device", driver, inbox)


def cycle(port: Pty, inbox: Inbox) -> None:
    port.unplug()
    assert inbox.get(timeout=BACK_S) == DOWN
    port.plug()
    assert inbox.get(timeout=BACK_S) == UP


def held() -> tuple[int, int]:
    """Threads and open files of this process."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def no_log() -> Iterator[None]:
    """What pytest keeps of the log is not the runner's."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.usefixtures("no_log")
def test_plugs_leave_no_thread_file_or_memory(port: Pty, inbox: Inbox) -> None:
    runner = runner_at(port, inbox)
    runner.start()
    assert inbox.get(timeout=BACK_S) == UP
    for _ in range(WARM_UP):
        cycle(port, inbox)
    gc.collect()
    before = held()
    tracemalloc.start()

    for _ in range(CYCLES):
        cycle(port, inbox)

    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held() == before
    assert kept < MOST_KEPT_BYTES
    runner.stop()


def test_of_two_devices_at_one_port_the_second_waits_for_the_first(
    port: Pty, inbox: Inbox
) -> None:
    first, second = runner_at(port, inbox), runner_at(port, inbox)
    first.start()
    assert inbox.get(timeout=BACK_S) == UP

    second.start()
    assert inbox.get(timeout=BACK_S) == DOWN
    assert (first.up, second.up) == (True, False)
    first.stop()

    assert inbox.get(timeout=BACK_S) == UP
    assert second.up
    second.stop()
