"""Addresses of USB devices, where none of them is plugged in."""

from __future__ import annotations

import pytest

from drivers.api import BadOptions, DeviceLost
from drivers.hotplug import Node, Subsystem, find_named_input, find_node
from drivers.transports.address import open_address


@pytest.mark.parametrize(
    "address",
    [
        "usb:F00D:BEEF",
        "usb:f00d:beef:SN 1",
        "usb:F00D:BEEF@1-1.3",
        "usb:F00D:BEEF@1-1:1.0",
    ],
)
def test_a_device_that_is_not_plugged_in_is_lost_by_its_address(address: str) -> None:
    with pytest.raises(DeviceLost, match=f"{address}: no such tty device"):
        open_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "usb:",
        "usb:F00D",
        "usb:F00D:BEE",
        "usb:F00D:BEEF:",
        "usb:F00D:BEEF@",
        "usb:F00D:BEEF@port three",
        "usb:F00D:BEEG",
        "usb:F00D:BEEF\n",
    ],
)
def test_an_address_that_is_none_is_refused_with_the_forms_there_are(
    address: str,
) -> None:
    with pytest.raises(BadOptions, match="usb:VID:PID:SERIAL or usb:VID:PID@PORT"):
        find_node(address, Subsystem.TTY)


def test_an_input_that_nothing_is_called_is_lost() -> None:
    with pytest.raises(DeviceLost, match=r"name:Sycreader: .* found none"):
        find_named_input("name:Sycreader")


@pytest.mark.parametrize(
    ("serial", "words"),
    [("", "usb:1A86:7523 at 1-1.3:1.0"), ("A1", "usb:1A86:7523:A1 at 1-1.3:1.0")],
)
def test_a_node_says_how_it_can_be_named(serial: str, words: str) -> None:
    node = Node("/dev/ttyUSB0", "1A86", "7523", serial, "1-1.3:1.0")

    assert str(node) == words
