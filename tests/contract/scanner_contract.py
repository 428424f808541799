"""What every scanner driver must do, whatever it hangs on; subclassed per driver.

A subclass gives a `rig` fixture: a driver that is open, and an emulated scanner at the
other end. Its options leave `repeat_suppress_s` (one second) as it is.
"""

from __future__ import annotations

import time
from typing import Protocol

import pytest

from drivers.api import CodeScanned, DeviceEvent, DeviceLost, Driver
from tests.contract.listening import for_a_while, hear_out, listen, until

ISBN = "9787020002207"
CODES = (ISBN, "A0001", "CN-440100-1-GT:A_b/9", "0013961168")
LAST = "END-OF-TEST"
#: "At least once a second", and what a loaded machine adds.
ALIVE_S = 2.0


class ScannerRig(Protocol):
    """A scanner driver that is open, and the scanner at its other end."""

    @property
    def scanner(self) -> Driver: ...

    def scan(self, text: str) -> None:
        """Have the scanner read a printed code, with what usually ends one."""

    def disturb(self) -> None:
        """Send what is no code: noise on the line, keys without meaning, a black picture.

        It comes to an end: what follows is read as if it had not been.
        """

    def unplug(self) -> None:
        """On return the device is gone."""

    def plug(self) -> None:
        """On return the device can be opened, under the same options."""


def codes_until_last(rig: ScannerRig) -> list[str]:
    """What the scanner reports before the code LAST, which must have been scanned."""
    *said, _ = until(listen(rig.scanner), CodeScanned(LAST))
    return texts(said)


def texts(said: list[DeviceEvent]) -> list[str]:
    return [event.text for event in said if isinstance(event, CodeScanned)]


class ScannerContract:
    @pytest.fixture
    def rig(self) -> ScannerRig:
        raise NotImplementedError

    # --- codes --------------------------------------------------------------------

    def test_a_code_is_scanned_once(self, rig: ScannerRig) -> None:
        events = listen(rig.scanner)
        rig.scan(ISBN)

        assert until(events, CodeScanned(ISBN)) == [CodeScanned(ISBN)]
        assert for_a_while(events) == []

    def test_codes_come_in_the_order_of_their_scans(self, rig: ScannerRig) -> None:
        for text in (*CODES, LAST):
            rig.scan(text)

        assert codes_until_last(rig) == list(CODES)

    def test_a_repeated_code_is_one_scan(self, rig: ScannerRig) -> None:
        for text in (ISBN, ISBN, ISBN, LAST):
            rig.scan(text)

        assert codes_until_last(rig) == [ISBN]

    def test_a_code_scanned_between_others_counts_again(self, rig: ScannerRig) -> None:
        for text in (ISBN, "A0001", ISBN, LAST):
            rig.scan(text)

        assert codes_until_last(rig) == [ISBN, "A0001", ISBN]

    @pytest.mark.fault("O35")
    def test_what_is_no_code_is_dropped_and_the_next_one_read(
        self, rig: ScannerRig
    ) -> None:
        rig.disturb()
        rig.scan(ISBN)
        rig.disturb()
        rig.scan(LAST)

        assert codes_until_last(rig) == [ISBN]

    def test_a_quiet_scanner_is_alive_within_a_second(self, rig: ScannerRig) -> None:
        events = rig.scanner.events()

        started = time.monotonic()
        assert [next(events), next(events)] == [None, None]
        assert time.monotonic() - started < 2 * ALIVE_S

    # --- the plug -----------------------------------------------------------------

    def test_a_pulled_plug_is_a_lost_scanner(self, rig: ScannerRig) -> None:
        events = listen(rig.scanner)
        next(events)

        rig.unplug()

        with pytest.raises(DeviceLost):
            hear_out(events)

    def test_an_absent_scanner_cannot_be_opened(self, rig: ScannerRig) -> None:
        rig.scanner.close()
        rig.unplug()

        with pytest.raises(DeviceLost):
            rig.scanner.open()

    def test_a_scanner_that_is_plugged_in_again_scans(self, rig: ScannerRig) -> None:
        rig.unplug()
        rig.scanner.close()

        rig.plug()
        rig.scanner.open()
        rig.scan(ISBN)

        assert until(listen(rig.scanner), CodeScanned(ISBN)) == [CodeScanned(ISBN)]

    def test_closing_twice_is_fine_and_a_closed_scanner_is_lost(
        self, rig: ScannerRig
    ) -> None:
        rig.scanner.close()
        rig.scanner.close()

        with pytest.raises(DeviceLost, match="closed"):
            next(rig.scanner.events())
