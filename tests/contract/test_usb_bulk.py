"""What can be said of USB devices without one: addresses, descriptors, absence.

`tests/kernel/test_usb_bulk.py` has an emulated one.
"""

from __future__ import annotations

import pytest

from drivers.api import BadOptions, DeviceLost
from drivers.transports.address import open_address
from drivers.transports.usb_bulk import (
    BulkPair,
    Endpoint,
    UsbAddress,
    find_bulk_pair,
    parse_usb_address,
)

BULK, INTERRUPT = 0x02, 0x03


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("usb://0AB1:0004", UsbAddress(0x0AB1, 0x0004)),
        ("usb://0ab1:0004", UsbAddress(0x0AB1, 0x0004)),
        ("usb://0AB1:0004/0123-45 A", UsbAddress(0x0AB1, 0x0004, "0123-45 A")),
    ],
)
def test_an_address_is_read(text: str, address: UsbAddress) -> None:
    assert parse_usb_address(text) == address


@pytest.mark.parametrize(
    "text", ["usb://", "usb://0AB1", "usb://AB1:4", "usb://0AB1:0004/", "usb://x:y"]
)
def test_an_address_that_is_none_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(BadOptions, match=f"'{text}'"):
        open_address(text)


def test_a_device_that_is_not_there_is_lost_by_name() -> None:
    with pytest.raises(DeviceLost, match=r"^usb://FFFF:FFFE/1: no such device$"):
        open_address("usb://FFFF:FFFE/1")


def test_the_first_bulk_endpoint_of_each_direction_is_taken() -> None:
    endpoints = [
        Endpoint(0x83, INTERRUPT, 8),
        Endpoint(0x81, BULK, 512),
        Endpoint(0x02, BULK, 64),
        Endpoint(0x84, BULK, 64),
    ]

    assert find_bulk_pair(endpoints) == BulkPair(out=0x02, in_=0x81, packet_size=512)


@pytest.mark.parametrize(
    "endpoints",
    [[], [Endpoint(0x81, BULK, 64)], [Endpoint(2, BULK, 64), Endpoint(0x81, 1, 64)]],
)
def test_a_device_without_both_is_no_reader(endpoints: list[Endpoint]) -> None:
    assert find_bulk_pair(endpoints) is None
