"""The receipt printer driver on a real pseudo-terminal."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import Printer, PrintOutcome, Slip
from drivers.emulators.pty import Pty
from drivers.emulators.receipt_printer import ReceiptPrinterEmulator
from drivers.printers.receipt import ReceiptPrinter
from tests.contract.printer_contract import SLIP, PrinterContract

#: Of the commands that the driver sends: ESC and GS with one or two parameters, FS &.
_COMMANDS = re.compile(rb"\x1b@|\x1b[aEd].|\x1c&|\x1dV.|\x1d\(k..", re.DOTALL)


@dataclass
class Rig:
    driver: ReceiptPrinter
    pty: Pty
    printer: ReceiptPrinterEmulator
    takes: threading.Event = field(default_factory=threading.Event)

    def printed_text(self) -> str:
        return _COMMANDS.sub(b"", self.printer.printed).decode("gbk")

    def set_paper_out(self, *, out: bool) -> None:
        self.printer.set_paper_out(out=out)

    def set_cover(self, *, is_open: bool) -> None:
        self.printer.set_cover(is_open=is_open)

    def set_silent(self, *, silent: bool) -> None:
        self.printer.set_silent(silent=silent)

    def stop_taking(self) -> None:
        self.takes.clear()


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    rigs: list[Rig] = []

    def make(**options: Any) -> Rig:
        takes = threading.Event()
        takes.set()
        printer = ReceiptPrinterEmulator()

        def answer(data: bytes) -> Iterable[bytes]:
            answers = printer.answer(data)
            # The first questions of a slip are answered, then the mechanism jams.
            yield from answers
            takes.wait(10)

        pty = Pty(tmp_path / "printer", answer)
        pty.start()
        settings = {"port": str(pty.path), "poll_interval_s": 0.1}
        driver = registry.create("escpos", settings | options)
        assert isinstance(driver, ReceiptPrinter)
        driver.open()
        rigs.append(Rig(driver, pty, printer, takes))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.takes.set()
        rig.driver.close()
        rig.pty.stop()


class TestReceiptPrinter(PrinterContract):
    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> Rig:
        return make_rig()


def test_the_driver_is_a_printer() -> None:
    assert isinstance(registry.create("escpos", {"port": "/dev/lp"}), Printer)


def test_a_printer_whose_cable_goes_one_way_is_believed(make_rig: MakeRig) -> None:
    rig = make_rig(answers_status=False)
    rig.set_silent(silent=True)

    assert next(rig.driver.events()) is None
    assert rig.driver.print_slip(SLIP) is PrintOutcome.PRINTED


def test_the_roll_that_ends_while_printing_is_told(make_rig: MakeRig) -> None:
    rig = make_rig()
    answer = rig.printer.answer

    def tear(data: bytes) -> Iterable[bytes]:
        if SLIP.heading.encode("gbk") in data:
            rig.set_paper_out(out=True)
        return answer(data)

    rig.printer.answer = tear  # type: ignore[method-assign]

    assert rig.driver.print_slip(SLIP) is PrintOutcome.NO_PAPER


def test_the_slip_carries_a_qr_code_and_is_cut_if_wanted(make_rig: MakeRig) -> None:
    slip = Slip("凭条", ("共1本",), qr="0417-000238")

    rig = make_rig(cut=True)
    rig.driver.print_slip(slip)

    assert b"1P00417-000238" in rig.printer.printed
    assert b"\x1dV" in rig.printer.printed


def test_an_old_printer_gets_no_qr_code(make_rig: MakeRig) -> None:
    rig = make_rig(qr="none")

    rig.driver.print_slip(Slip("凭条", (), qr="0417-000238"))

    assert b"0417-000238" not in rig.printer.printed
