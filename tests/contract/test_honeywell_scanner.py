"""The Honeywell driver on a real pseudo-terminal, against the emulated scanner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import BadOptions, CodeScanned, DeviceLost, Triggered
from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.honeywell import HoneywellEmulator
from drivers.emulators.pty import Pty
from drivers.scanners.honeywell import HoneywellScanner
from tests.contract.listening import for_a_while, listen, until
from tests.contract.scanner_contract import (
    ISBN,
    LAST,
    ScannerContract,
    codes_until_last,
)

#: A code that never comes ends the test, not the patience.
pytestmark = pytest.mark.timeout(20)

TIMEOUT_S = 0.3
#: What a call may take beyond its time-out, and a loaded machine on top.
GRACE_S = 0.2 + 0.5


@dataclass
class Rig:
    scanner: HoneywellScanner
    pty: Pty
    line: BadLine
    emulator: HoneywellEmulator

    def scan(self, text: str) -> None:
        self.emulator.scan(text)

    def disturb(self) -> None:
        self.pty.send(b"\x00\x06\xff\x15\x7f\r")

    def unplug(self) -> None:
        self.pty.unplug()

    def plug(self) -> None:
        self.pty.plug()


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    rigs: list[Rig] = []

    def make(*, by_hand: bool = True, **options: Any) -> Rig:
        def send(data: bytes) -> None:
            pty.send(data)

        emulator = HoneywellEmulator(send, by_hand=by_hand)
        line = BadLine(emulator.answer, seed=1)
        pty = Pty(tmp_path / "scanner", line)
        pty.start()
        settings = {"port": str(pty.path), "reply_timeout_s": TIMEOUT_S} | options
        scanner = registry.create("honeywell", settings)
        assert isinstance(scanner, HoneywellScanner)
        rigs.append(Rig(scanner, pty, line, emulator))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.scanner.close()
        rig.pty.stop()


class TestHoneywellScanner(ScannerContract):
    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> Rig:
        rig = make_rig()
        rig.scanner.open()
        return rig


def test_nothing_is_set_unless_asked(make_rig: MakeRig) -> None:
    rig = make_rig()

    rig.scanner.open()

    assert rig.emulator.settings == {}


def test_menu_command_is_sent_and_its_echo_is_no_code(make_rig: MakeRig) -> None:
    rig = make_rig(menu="TRGMOD0!")

    rig.scanner.open()
    rig.scan(LAST)

    assert codes_until_last(rig) == []
    assert rig.emulator.settings == {"TRGMOD": "0"}
    assert rig.emulator.saved == set()


def test_menu_command_may_be_for_good(make_rig: MakeRig) -> None:
    rig = make_rig(menu="PAPHHF.")

    rig.scanner.open()

    assert rig.emulator.saved == {"PAPHHF"}


@pytest.mark.parametrize(("menu", "verdict"), [("XYZABC!", "ENQ"), ("TRGMOD9!", "NAK")])
def test_refused_menu_command_refuses_the_scanner(
    make_rig: MakeRig, menu: str, verdict: str
) -> None:
    rig = make_rig(menu=menu)

    with pytest.raises(DeviceLost, match=rf"no Honeywell .*{menu[:-1]}.*{verdict}"):
        rig.scanner.open()


def test_scanner_that_does_not_answer_a_menu_command_is_refused_in_time(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(menu="PAPHHF!")
    rig.line.trouble(Trouble.SILENCE)

    started = time.monotonic()
    with pytest.raises(DeviceLost, match="no answer to 16 4D 0D"):
        rig.scanner.open()

    assert time.monotonic() - started < TIMEOUT_S + GRACE_S


@pytest.mark.parametrize("trouble", [Trouble.BYTEWISE, Trouble.PAUSES])
def test_verdict_may_come_slowly(make_rig: MakeRig, trouble: Trouble) -> None:
    rig = make_rig(menu="PAPHHF!")
    rig.line.trouble(trouble)

    rig.scanner.open()

    assert rig.emulator.settings == {"PAPHHF": ""}


@pytest.mark.parametrize("menu", ["PAPHHF", "PAP\rHHF.", ".", "A;B.", "A." * 2])
def test_wrong_menu_commands_are_refused(menu: str) -> None:
    with pytest.raises(BadOptions, match="menu"):
        registry.create("honeywell", {"port": "/dev/x", "menu": menu})


def test_scanner_reads_at_a_trigger(make_rig: MakeRig) -> None:
    rig = make_rig(by_hand=False)
    rig.scanner.open()
    assert isinstance(rig.scanner, Triggered)
    events = listen(rig.scanner)
    rig.scan(ISBN)
    assert for_a_while(events) == []

    rig.scanner.trigger()

    assert until(events, CodeScanned(ISBN)) == [CodeScanned(ISBN)]


def test_scanner_that_is_untriggered_does_not_read(make_rig: MakeRig) -> None:
    rig = make_rig(by_hand=False)
    rig.scanner.open()
    rig.scanner.trigger()

    rig.scanner.untrigger()
    assert for_a_while(listen(rig.scanner)) == []
    rig.scan(ISBN)

    assert for_a_while(listen(rig.scanner)) == []


def test_closed_scanner_is_not_triggered(make_rig: MakeRig) -> None:
    with pytest.raises(DeviceLost, match="closed"):
        make_rig().scanner.trigger()
