"""Devices come and go, change ports and numbers, and keep their roles."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pyudev

from drivers.api import BadOptions, CodeScanned, DeviceLost, Driver
from drivers.emulators.line_scanner import LineScannerEmulator, answer
from drivers.emulators.pty import Pty
from drivers.emulators.wedge import Wedge
from drivers.hotplug import Subsystem, find_node, nodes
from drivers.registry import create
from kiosk import runner as runners
from kiosk.messages import DeviceDown, DeviceSaid, DeviceUp, Inbox
from kiosk.plug_watch import PlugWatch
from kiosk.runner import DeviceRunner
from tests.kernel.bed import Bed, Usb

ISBN = "9787020002207"
SCANNER = Usb()
ADAPTER = Usb("1A86", "7523", subsystem="tty", place="1-1.2:1.0")
PAD = Usb("0505", "5050", subsystem="hidraw", place="1-1.4:1.0")
#: The promise for a device that is plugged in again, on any port.
BACK_S = 10.0
#: A back-off that no test would sit out.
NEVER_S = 600.0


@contextmanager
def running(driver: Driver) -> Iterator[tuple[DeviceRunner, Inbox]]:
    inbox: Inbox = queue.Queue()
    device = DeviceRunner("scanner", driver, inbox)
    device.start()
    try:
        yield device, inbox
    finally:
        device.stop()
        assert not device.alive


def scanner_at(address: str) -> Driver:
    return create("wedge_scanner", {"port": address})


# --- addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "device", [SCANNER, ADAPTER, PAD], ids=lambda usb: usb.subsystem
)
@pytest.mark.parametrize("tail", ["", ":SN-1", "@1-1.7", "@1-1.7:1.0"])
def test_every_kind_of_node_is_found(bed: Bed, device: Usb, tail: str) -> None:
    for usb in (SCANNER, ADAPTER, PAD):
        bed.plug(Usb("0403", "6001", subsystem=usb.subsystem, place="1-1.1:1.0"))
    placed = Usb(
        device.vendor,
        device.product,
        serial="SN-1",
        place="1-1.7:1.0",
        subsystem=device.subsystem,
    )
    plugged = bed.plug(placed)

    found = find_node(device.address + tail, Subsystem(device.subsystem))

    assert found == plugged.path


def test_what_is_not_plugged_in_is_lost(bed: Bed) -> None:
    bed.plug(SCANNER)

    with pytest.raises(DeviceLost, match="usb:1EAB:8203: no such tty device"):
        find_node(SCANNER.address, Subsystem.TTY)


def test_twins_are_not_guessed_at_but_named(bed: Bed) -> None:
    bed.plug(Usb(serial="A", place="1-1.1:1.0"))
    bed.plug(Usb(serial="B", place="1-1.2:1.0"))

    with pytest.raises(DeviceLost, match="2 of them") as lost:
        find_node(SCANNER.address, Subsystem.INPUT)

    assert "8203:A at 1-1.1:1.0" in str(lost.value)
    assert "8203:B at 1-1.2:1.0" in str(lost.value)


def test_twins_are_told_apart_by_their_serial_numbers_wherever_they_are(
    bed: Bed,
) -> None:
    first = bed.plug(Usb(serial="A", place="1-1.1:1.0"))
    second = bed.plug(Usb(serial="B", place="1-1.2:1.0"))
    for device in (first, second):
        bed.unplug(device)

    second = bed.plug(Usb(serial="B", place="1-1.1:1.0"))
    first = bed.plug(Usb(serial="A", place="1-1.2:1.0"))

    assert find_node("usb:1EAB:8203:A", Subsystem.INPUT) == first.path
    assert find_node("usb:1EAB:8203:B", Subsystem.INPUT) == second.path


def test_twins_without_serial_numbers_are_told_apart_by_their_ports(bed: Bed) -> None:
    left, right = (bed.plug(Usb(place=f"1-1.{port}:1.0")) for port in (1, 2))

    assert find_node("usb:1EAB:8203@1-1.1", Subsystem.INPUT) == left.path
    assert find_node("usb:1EAB:8203@1-1.2", Subsystem.INPUT) == right.path


def test_interfaces_of_one_device_are_told_apart_by_their_numbers(bed: Bed) -> None:
    bed.plug(Usb("1A86", "55D2", subsystem="tty", place="1-1.2:1.0"))
    second = bed.plug(Usb("1A86", "55D2", subsystem="tty", place="1-1.2:1.2"))

    with pytest.raises(DeviceLost, match="2 of them"):
        find_node("usb:1A86:55D2@1-1.2", Subsystem.TTY)
    assert find_node("usb:1A86:55D2@1-1.2:1.2", Subsystem.TTY) == second.path


def test_what_is_gone_is_no_longer_listed(bed: Bed) -> None:
    device = bed.plug(SCANNER)
    bed.unplug(device)

    assert nodes(Subsystem.INPUT) == []


@pytest.mark.parametrize(
    "address",
    [
        "usb:",
        "usb:1EAB",
        "usb:1EAB:82",
        "usb:1EAB:8203:",
        "usb:1EAB:8203@",
        "usb:1EAB:8203@a b",
    ],
)
def test_an_address_that_is_none_is_refused_with_the_forms_there_are(
    address: str,
) -> None:
    with pytest.raises(BadOptions, match="usb:VID:PID:SERIAL"):
        find_node(address, Subsystem.TTY)


# --- the plug -------------------------------------------------------------------------


def test_udev_tells_of_each_plug(bed: Bed) -> None:
    monitor = pyudev.Monitor.from_netlink(pyudev.Context())
    monitor.filter_by("input")
    monitor.start()

    device = bed.plug(SCANNER)
    bed.unplug(device)
    told = [monitor.poll(5) for _ in range(4)]

    assert [(event.action, event.device_node) for event in told] == [
        ("add", None),
        ("add", device.path),
        ("remove", device.path),
        ("remove", None),
    ]


@pytest.mark.fault("O32")
def test_a_scanner_comes_back_on_another_port_under_another_number(bed: Bed) -> None:
    first = bed.plug(SCANNER)
    with running(scanner_at(SCANNER.address)) as (_, inbox):
        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        bed.unplug(first)
        assert inbox.get(timeout=BACK_S) == DeviceDown("scanner")

        second = bed.plug(Usb(place="1-1.4:1.0"))
        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        bed.press(second, Wedge().keys(ISBN))
        said = inbox.get(timeout=BACK_S)

    assert second.path != first.path
    assert said == DeviceSaid("scanner", CodeScanned(ISBN))


@pytest.mark.fault("O32")
def test_a_serial_scanner_comes_back_on_another_port_under_another_number(
    bed: Bed,
) -> None:
    first = bed.plug(ADAPTER)
    line = terminal_at(first.path)
    with running(create("line_scanner", {"port": ADAPTER.address})) as (_, inbox):
        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        bed.unplug(first)
        line.stop()
        assert inbox.get(timeout=BACK_S) == DeviceDown("scanner")

        second = bed.plug(Usb("1A86", "7523", subsystem="tty", place="1-1.1:1.0"))
        line = terminal_at(second.path)
        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        LineScannerEmulator(line.send).scan(ISBN)
        said = inbox.get(timeout=BACK_S)

    line.stop()
    assert second.path != first.path
    assert said == DeviceSaid("scanner", CodeScanned(ISBN))


def test_swapped_ports_keep_their_roles(bed: Bed) -> None:
    twins = [
        bed.plug(Usb(serial=serial, place=f"1-1.{port}:1.0"))
        for port, serial in enumerate("AB", start=1)
    ]
    with running(scanner_at("usb:1EAB:8203:B")) as (_, inbox):
        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        for device in twins:
            bed.unplug(device)
        assert inbox.get(timeout=BACK_S) == DeviceDown("scanner")

        ours = bed.plug(Usb(serial="B", place="1-1.1:1.0"))
        other = bed.plug(Usb(serial="A", place="1-1.2:1.0"))
        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        bed.press(other, Wedge().keys("NOT-OURS"))
        bed.press(ours, Wedge().keys(ISBN))
        said = inbox.get(timeout=BACK_S)

    assert said == DeviceSaid("scanner", CodeScanned(ISBN))


def test_a_plug_wakes_what_waits_for_it(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "FIRST_PAUSE_S", NEVER_S)
    monkeypatch.setattr(runners, "LONGEST_PAUSE_S", NEVER_S)
    with running(scanner_at(SCANNER.address)) as (device, inbox):
        watch = PlugWatch([device])
        assert inbox.get(timeout=BACK_S) == DeviceDown("scanner")

        bed.plug(SCANNER)

        assert inbox.get(timeout=BACK_S) == DeviceUp("scanner")
        watch.stop()


def terminal_at(path: str) -> Pty:
    """A serial line behind a node of the test bed, which has none of its own."""
    node = Path(os.environ["UMOCKDEV_DIR"] + path)
    node.parent.mkdir(exist_ok=True)
    line = Pty(node, answer)
    line.start()
    return line
