"""The line scanner driver on a real pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.api import BadOptions, CodeScanned, DeviceEvent, DeviceLost
from drivers.emulators.line_scanner import LineScannerEmulator, answer
from drivers.emulators.pty import Pty
from drivers.registry import create
from drivers.scanners.line import LineScanner
from tests.contract.listening import until
from tests.contract.scanner_contract import ISBN, LAST, ScannerContract, texts

#: A code that never comes ends the test, not the patience.
pytestmark = pytest.mark.timeout(10)


@dataclass
class Rig:
    scanner: LineScanner
    pty: Pty
    emulator: LineScannerEmulator

    def scan(self, text: str) -> None:
        self.emulator.scan(text)

    def disturb(self) -> None:
        self.emulator.babble(b"\x00\xff\x13\x7f\r")

    def unplug(self) -> None:
        self.pty.unplug()

    def plug(self) -> None:
        self.pty.plug()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Pty]:
    pty = Pty(tmp_path / "scanner", answer)
    pty.start()
    yield pty
    pty.stop()


@pytest.fixture
def emulator(port: Pty) -> LineScannerEmulator:
    return LineScannerEmulator(port.send)


@pytest.fixture
def scanner(port: Pty) -> Iterator[LineScanner]:
    driver = LineScanner(LineScanner.Options(port=str(port.path)))
    driver.open()
    yield driver
    driver.close()


def next_code(scanner: LineScanner) -> DeviceEvent:
    return next(event for event in scanner.events() if event is not None)


class TestLineScanner(ScannerContract):
    @pytest.fixture
    def rig(
        self, scanner: LineScanner, port: Pty, emulator: LineScannerEmulator
    ) -> Rig:
        return Rig(scanner, port, emulator)


def test_driver_is_made_from_the_configuration() -> None:
    driver = create("line_scanner", {"port": "/dev/nothing", "idle_flush_s": 0.1})

    assert isinstance(driver, LineScanner)
    assert driver.poll_interval_s == 0


def test_misspelt_option_is_refused() -> None:
    with pytest.raises(BadOptions, match="idle_flash_s"):
        create("line_scanner", {"port": "/dev/nothing", "idle_flash_s": 0.1})


@pytest.mark.parametrize("terminator", [b"\r\n", b"\n", b"\t", b""])
def test_terminator_does_not_matter(
    port: Pty, scanner: LineScanner, terminator: bytes
) -> None:
    LineScannerEmulator(port.send, terminator=terminator).scan(ISBN)

    assert next_code(scanner) == CodeScanned(ISBN)


def test_chinese_scanner_may_speak_gbk(port: Pty, scanner: LineScanner) -> None:
    LineScannerEmulator(port.send, encoding="gbk").scan("读者0001")

    assert next_code(scanner) == CodeScanned("读者0001")


def test_slow_line_gives_one_code(
    scanner: LineScanner, emulator: LineScannerEmulator
) -> None:
    emulator.scan_slowly(ISBN)

    assert next_code(scanner) == CodeScanned(ISBN)


def test_repeats_count_when_suppression_is_off(
    port: Pty, emulator: LineScannerEmulator
) -> None:
    driver = LineScanner(LineScanner.Options(port=str(port.path), repeat_suppress_s=0))
    driver.open()
    for text in (ISBN, ISBN, LAST):
        emulator.scan(text)

    codes = texts(until(driver.events(), CodeScanned(LAST)))

    driver.close()
    assert codes == [ISBN, ISBN, LAST]


@pytest.mark.parametrize(
    "noise",
    [b"\x00\xff\x13\x7f\r", b"\x00" * 200_000 + b"\r", b"A" * 200_000 + b"\r", b"12\r"],
    ids=["garbage", "zeros", "endless", "short"],
)
def test_unusable_input_is_dropped_and_the_next_code_read(
    scanner: LineScanner, emulator: LineScannerEmulator, noise: bytes
) -> None:
    emulator.babble(noise)
    emulator.scan(ISBN)
    emulator.scan(LAST)

    said = until(scanner.events(), CodeScanned(LAST))
    assert texts(said) == [ISBN, LAST]


def test_aim_identifier_is_dropped(port: Pty, emulator: LineScannerEmulator) -> None:
    driver = LineScanner(LineScanner.Options(port=str(port.path), aim_prefix=True))
    driver.open()

    emulator.scan(f"]E0{ISBN}")

    assert next_code(driver) == CodeScanned(ISBN)
    driver.close()


def test_absent_scanner_cannot_be_opened(tmp_path: Path) -> None:
    driver = LineScanner(LineScanner.Options(port=str(tmp_path / "nothing")))

    with pytest.raises(DeviceLost, match="nothing"):
        driver.open()
