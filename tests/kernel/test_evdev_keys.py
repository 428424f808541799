"""Which device is opened, and which is spared."""

from __future__ import annotations

import time

import pytest

from drivers.api import BadOptions, DeviceLost
from drivers.transports.evdev_keys import open_keys
from tests.kernel.bed import EV_SYN, KEYBOARD_KEYS, MSC_SCAN, Bed, Usb

SCANNER = Usb(serial="SN0001")
KEYBOARD = Usb(
    "046D", "C31C", place="1-1.4:1.0", name="USB Keyboard", keys=KEYBOARD_KEYS
)
PRESSED = [(2, 1), (2, 0)]


def test_events_that_are_no_keys_do_not_end_the_wait(bed: Bed) -> None:
    device = bed.plug(SCANNER)
    keys = open_keys(device.path)

    bed.send(device, [(EV_SYN, 0, 0), (4, MSC_SCAN, 2)])
    started = time.monotonic()

    assert keys.read(0.3) == []
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(
    "address",
    [
        "usb:1EAB:8203",
        "usb:1eab:8203",
        "usb:1EAB:8203:SN0001",
        "usb:1EAB:8203@1-1.3",
        "usb:1EAB:8203@1-1.3:1.0",
        "name:Newland HR32 BarCode",
    ],
)
def test_a_wedge_is_found_by_what_stays_the_same(bed: Bed, address: str) -> None:
    bed.plug(KEYBOARD)
    device = bed.plug(SCANNER)

    keys = open_keys(address)
    bed.press(device, PRESSED)

    assert keys.read(10) == PRESSED


def test_a_keyboard_found_by_its_name_alone_is_spared(bed: Bed) -> None:
    bed.plug(KEYBOARD)

    with pytest.raises(DeviceLost, match=r"'USB Keyboard' may be a person's keyboard"):
        open_keys("name:USB Keyboard")


def test_a_keyboard_named_by_its_usb_numbers_or_its_path_is_meant(bed: Bed) -> None:
    device = bed.plug(KEYBOARD)

    open_keys(KEYBOARD.address).close()
    open_keys(device.path).close()


@pytest.mark.parametrize(
    "address", ["name:Newland", "usb:1EAB:8204", "/dev/input/event99"]
)
def test_what_is_not_there_is_lost_by_name(bed: Bed, address: str) -> None:
    bed.plug(SCANNER)

    with pytest.raises(DeviceLost, match=address):
        open_keys(address)


def test_two_of_one_name_are_not_guessed_at(bed: Bed) -> None:
    twins = [bed.plug(Usb(place=f"1-1.{port}:1.0")) for port in (1, 2)]

    with pytest.raises(DeviceLost, match="found ") as lost:
        open_keys("name:Newland HR32 BarCode")

    assert all(twin.path.split("/")[-1] in str(lost.value) for twin in twins)


def test_volume_keys_of_a_scanner_are_not_its_keyboard(bed: Bed) -> None:
    bed.plug(Usb(place="1-1.3:1.1", keys=(113, 114, 115)))
    device = bed.plug(Usb(place="1-1.3:1.0"))

    keys = open_keys("usb:1EAB:8203")
    bed.press(device, PRESSED)

    assert keys.read(10) == PRESSED


@pytest.mark.parametrize("path", ["/dev/null", "/etc/hostname"])
def test_what_is_no_input_device_is_refused(path: str) -> None:
    with pytest.raises(DeviceLost, match=rf"{path}: not an input device"):
        open_keys(path)


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(BadOptions, match="'keyboard'"):
        open_keys("keyboard")
