"""What every printer driver must do; subclassed per driver."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import pytest

from drivers.api import (
    DeviceLost,
    Driver,
    Printer,
    PrintOutcome,
    Sense,
    SenseChanged,
    Slip,
)
from drivers.emulators.pty import Pty
from tests.waiting import within

SLIP = Slip(
    "马坪村图书服务点",
    ("借书凭条   No. 0417-000238", "1 平凡的世界(第一部)   8月2日还", "共1本"),
)
#: More than any port holds back, so that a printer that takes nothing is noticed.
ENDLESS = Slip("x", tuple("long" * 8 for _ in range(4_000)))
LONGEST_S = 2.0


class PrinterDriver(Driver, Printer, Protocol):
    """The capabilities of a printer."""


class PrinterRig(Protocol):
    """An open printer driver and the emulated printer at the other end."""

    driver: PrinterDriver
    pty: Pty

    def printed_text(self) -> str:
        """What stands on the paper, without control codes."""

    def set_paper_out(self, *, out: bool) -> None: ...

    def set_cover(self, *, is_open: bool) -> None: ...

    def set_silent(self, *, silent: bool) -> None: ...

    def stop_taking(self) -> None:
        """Let the printer take no more bytes."""


def told(rig: PrinterRig, looks: int = 3) -> Iterator[SenseChanged]:
    for event in islice(rig.driver.events(), looks):
        if isinstance(event, SenseChanged):
            yield event


class PrinterContract:
    @pytest.fixture
    def rig(self) -> PrinterRig:
        raise NotImplementedError

    def test_a_slip_stands_on_the_paper(self, rig: PrinterRig) -> None:
        assert rig.driver.print_slip(SLIP) is PrintOutcome.PRINTED

        text = rig.printed_text()
        assert SLIP.heading in text
        assert all(line in text for line in SLIP.lines)

    @pytest.mark.fault("O34")
    def test_without_paper_nothing_is_sent(self, rig: PrinterRig) -> None:
        rig.set_paper_out(out=True)

        assert rig.driver.print_slip(SLIP) is PrintOutcome.NO_PAPER

        rig.set_paper_out(out=False)
        assert rig.driver.print_slip(SLIP) is PrintOutcome.PRINTED
        assert rig.printed_text().count(SLIP.heading) == 1

    def test_an_open_cover_is_told(self, rig: PrinterRig) -> None:
        rig.set_cover(is_open=True)

        assert rig.driver.print_slip(SLIP) is PrintOutcome.COVER_OPEN

    def test_the_end_of_the_roll_is_told_once_and_a_new_one_too(
        self, rig: PrinterRig
    ) -> None:
        assert list(told(rig)) == [SenseChanged(Sense.PAPER_OUT, active=False)]

        rig.set_paper_out(out=True)
        assert list(told(rig)) == [SenseChanged(Sense.PAPER_OUT, active=True)]

        rig.set_paper_out(out=False)
        assert list(told(rig)) == [SenseChanged(Sense.PAPER_OUT, active=False)]

    @pytest.mark.fault("O34")
    def test_a_printer_that_takes_no_bytes_blocks_for_two_seconds_at_most(
        self, rig: PrinterRig
    ) -> None:
        rig.stop_taking()

        with within(LONGEST_S):
            assert rig.driver.print_slip(ENDLESS) is PrintOutcome.BLOCKED

        with within(0):
            rig.driver.close()

    @pytest.mark.fault("O34")
    def test_a_printer_that_falls_silent_is_lost(self, rig: PrinterRig) -> None:
        rig.set_silent(silent=True)

        assert rig.driver.print_slip(SLIP) is PrintOutcome.BLOCKED
        with pytest.raises(DeviceLost):
            list(islice(rig.driver.events(), 5))

    def test_a_port_without_a_printer_is_refused(self, rig: PrinterRig) -> None:
        rig.driver.close()
        rig.set_silent(silent=True)

        with pytest.raises(DeviceLost):
            rig.driver.open()

    def test_a_pulled_plug_is_lost_and_a_new_one_works(self, rig: PrinterRig) -> None:
        rig.pty.unplug()
        with pytest.raises(DeviceLost):
            rig.driver.print_slip(SLIP)

        rig.pty.plug()
        rig.driver.open()
        assert rig.driver.print_slip(SLIP) is PrintOutcome.PRINTED

    def test_closing_twice_is_fine_and_a_closed_printer_is_lost(
        self, rig: PrinterRig
    ) -> None:
        rig.driver.close()
        rig.driver.close()

        with pytest.raises(DeviceLost):
            rig.driver.print_slip(SLIP)
