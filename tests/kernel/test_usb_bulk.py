"""FEIG readers on USB through the real libusb, on usbdevfs as the kernel has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from drivers import registry
from drivers.api import DeviceLost, TagsOnPad
from drivers.pads.feig import FeigPad
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.usb_bulk import UsbBulk
from tests.kernel.bed import Bed

BROKER = "usb_broker.py"
ADDRESS = "usb://0AB1:0004"
UID, ITEM = "E004015000000001", "9100051CBE991A140201D0140204B3"
VERSION = bytes.fromhex("05FF65E5CB")
WAIT_S = 5.0


@dataclass
class Reader:
    """A reader that is plugged in."""

    bed: Bed
    number: int

    def order(self, do: str, **what: Any) -> None:
        self.bed._order(do, number=self.number, **what)

    def say(self, data: bytes) -> None:
        self.order("say", data=data.hex())

    def unplug(self) -> None:
        self.order("unplug_reader")


def plug(bed: Bed, serial: str = "PAD0001") -> Reader:
    return Reader(bed, bed._order("plug_reader", serial=serial)["number"])


@pytest.fixture
def reader(bed: Bed) -> Reader:
    return plug(bed)


@pytest.fixture
def line(reader: Reader) -> Iterator[Transport]:
    del reader
    with closing(UsbBulk(ADDRESS)) as opened:
        yield opened


def test_a_pad_reads_and_writes_tags(reader: Reader) -> None:
    reader.order("place", uid=UID, memory=ITEM)
    pad = registry.create("feig_obid", {"port": ADDRESS})
    assert isinstance(pad, FeigPad)

    pad.open()
    event = next(pad.events())

    assert isinstance(event, TagsOnPad)
    (tag,) = event.tags
    assert (tag.uid, tag.afi) == (UID, 0x07)
    assert tag.memory.startswith(bytes.fromhex(ITEM))
    assert pad.write_afi(UID, 0xC2) == 0xC2
    pad.close()
    pad.close()


def test_a_pad_that_was_unplugged_is_found_again(bed: Bed, reader: Reader) -> None:
    pad = registry.create("feig_obid", {"port": ADDRESS})
    pad.open()

    reader.unplug()
    with pytest.raises(DeviceLost, match=f"{ADDRESS}: unplugged"):
        list(pad.events())
    with pytest.raises(DeviceLost, match="no such device"):
        pad.open()
    plug(bed)
    pad.open()

    assert next(pad.events()) == TagsOnPad(())


def test_a_waiting_read_ends_with_the_device(reader: Reader, line: Transport) -> None:
    unplugging = threading.Timer(0.2, reader.unplug)
    unplugging.start()

    started = time.monotonic()
    with pytest.raises(DeviceLost, match="unplugged"):
        line.read(WAIT_S)

    assert 0.1 < time.monotonic() - started < WAIT_S / 2
    unplugging.join()


def test_a_lost_device_stays_lost_and_can_be_closed(
    reader: Reader, line: Transport
) -> None:
    reader.unplug()

    for _ in range(2):
        with pytest.raises(DeviceLost, match="unplugged"):
            line.write(VERSION)
        with pytest.raises(DeviceLost, match="unplugged"):
            line.read(0)
    line.close()
    line.close()
    with pytest.raises(DeviceLost, match="not open"):
        line.read(0)


def test_one_program_at_a_time(line: Transport) -> None:
    with pytest.raises(DeviceLost, match="in use by another program"):
        UsbBulk(ADDRESS)

    line.close()
    UsbBulk(ADDRESS).close()


def test_the_serial_number_tells_two_readers_apart(bed: Bed) -> None:
    plug(bed, "LEFT")
    right = plug(bed, "RIGHT")

    line = open_address(f"{ADDRESS}/RIGHT")
    right.say(b"here")

    assert line.read(WAIT_S) == b"here"
    with pytest.raises(DeviceLost, match=f"{ADDRESS}/MIDDLE: no such device"):
        open_address(f"{ADDRESS}/MIDDLE")


def test_a_read_of_nothing_waits_for_its_time_and_no_longer(line: Transport) -> None:
    started = time.monotonic()

    assert line.read(0.1) == b""
    assert 0.09 < time.monotonic() - started < 1


@pytest.mark.parametrize("size", [1, 64, 65, 128, 200])
def test_what_is_said_comes_at_once(reader: Reader, line: Transport, size: int) -> None:
    said = bytes(range(size))
    reader.say(said)

    started = time.monotonic()
    heard = b""
    while len(heard) < size:
        heard += line.read(WAIT_S)

    assert heard == said
    assert time.monotonic() - started < WAIT_S / 2


def test_discarded_input_does_not_come_again(reader: Reader, line: Transport) -> None:
    reader.say(bytes(200))

    # On a busy machine a packet may take longer than the shortest read waits.
    for _ in range(10):
        line.discard_input()
    line.write(VERSION)

    assert line.read(WAIT_S).hex().startswith("0d0065")


def test_discarding_a_flood_ends(reader: Reader, line: Transport) -> None:
    reader.say(bytes(64) * 2000)

    line.discard_input()

    assert line.read(WAIT_S) == bytes(64)
