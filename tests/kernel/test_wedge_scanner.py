"""The wedge scanner on a node of the kernel's kind, through the real python-evdev."""

from __future__ import annotations

import select
from contextlib import closing
from dataclasses import dataclass

import pytest
from evdev import InputDevice

from drivers.api import BadOptions, CodeScanned, DeviceLost
from drivers.codecs.keymap import Country
from drivers.emulators.wedge import Habit, Wedge
from drivers.registry import create
from drivers.scanners.wedge import WedgeScanner
from tests.contract.listening import for_a_while, listen, until
from tests.contract.scanner_contract import (
    CODES,
    ISBN,
    LAST,
    ScannerContract,
    texts,
)
from tests.kernel.bed import EV_KEY, EV_SYN, SYN_DROPPED, Bed, Plugged, Usb

A, F1 = 30, 59
SCANNER = Usb()


@dataclass
class Rig:
    scanner: WedgeScanner
    bed: Bed
    device: Plugged
    wedge: Wedge

    def scan(self, text: str) -> None:
        self.bed.press(self.device, self.wedge.keys(text))

    def disturb(self) -> None:
        self.bed.press(self.device, [(A, 1), (F1, 1), (F1, 0), *self.wedge.keys("")])

    def unplug(self) -> None:
        self.bed.unplug(self.device)

    def plug(self) -> None:
        self.device = self.bed.plug(SCANNER)


def opened(bed: Bed, wedge: Wedge | None = None, **options: object) -> Rig:
    """A scanner that has been plugged in and opened; the process ends with the test."""
    device = bed.plug(SCANNER)
    scanner = create("wedge_scanner", {"port": SCANNER.address, **options})
    assert isinstance(scanner, WedgeScanner)
    scanner.open()
    return Rig(scanner, bed, device, wedge or Wedge())


@pytest.fixture
def rig(bed: Bed) -> Rig:
    return opened(bed)


class TestWedgeScanner(ScannerContract):
    @pytest.fixture
    def rig(self, rig: Rig) -> Rig:
        return rig


def scanned(rig: Rig) -> list[str]:
    return texts(until(listen(rig.scanner), CodeScanned(LAST)))[:-1]


@pytest.mark.parametrize("habit", Habit)
def test_the_habit_of_a_wedge_does_not_matter(rig: Rig, habit: Habit) -> None:
    rig.wedge = Wedge(habit=habit)
    for text in (*CODES, LAST):
        rig.scan(text)

    assert scanned(rig) == list(CODES)


@pytest.mark.parametrize("country", Country)
def test_a_wedge_may_be_set_to_another_country(bed: Bed, country: Country) -> None:
    rig = opened(bed, Wedge(country), keyboard=country)
    for text in (*CODES, LAST):
        rig.scan(text)

    assert scanned(rig) == list(CODES)


def test_a_wedge_without_an_end_key_is_ended_by_silence(rig: Rig) -> None:
    rig.wedge = Wedge(ends=())
    events = listen(rig.scanner)

    rig.scan(ISBN)

    assert until(events, CodeScanned(ISBN)) == [CodeScanned(ISBN)]


def test_a_code_that_lost_keys_in_the_kernel_is_dropped(rig: Rig) -> None:
    keys = [(EV_KEY, code, 1) for code in (2, 3, 4, 5)]
    rig.bed.send(rig.device, [*keys, (EV_SYN, SYN_DROPPED, 0), *keys])
    rig.bed.press(rig.device, rig.wedge.keys(""))
    rig.scan(LAST)

    assert scanned(rig) == []


def test_codes_are_judged_by_the_rules_of_all_scanners(bed: Bed) -> None:
    rig = opened(bed, aim_prefix=True)
    for text in (f"]E0{ISBN}", "AB", LAST):
        rig.scan(text)

    assert scanned(rig) == [ISBN]


def test_a_scanner_that_another_program_holds_is_lost(rig: Rig) -> None:
    other = WedgeScanner(WedgeScanner.Options(port=rig.device.path))

    with pytest.raises(DeviceLost, match="in use by another program"):
        other.open()


def test_a_closed_scanner_can_be_had_by_another_program(rig: Rig) -> None:
    other = WedgeScanner(WedgeScanner.Options(port=rig.device.path))

    rig.scanner.close()
    other.open()
    rig.scan(ISBN)

    assert until(listen(other), CodeScanned(ISBN)) == [CodeScanned(ISBN)]


def test_what_was_typed_before_the_opening_is_forgotten(bed: Bed) -> None:
    device = bed.plug(SCANNER)
    with closing(InputDevice(device.path)) as other:
        bed.press(device, Wedge().keys("123"))
        select.select([other], [], [])
    scanner = WedgeScanner(WedgeScanner.Options(port=device.path))

    scanner.open()

    assert for_a_while(listen(scanner)) == []


@pytest.mark.parametrize("option", ["colour", "baud"])
def test_an_unknown_option_is_refused(option: str) -> None:
    with pytest.raises(BadOptions, match=option):
        create("wedge_scanner", {"port": "usb:1EAB:8203", option: 1})
