"""The Honeywell driver on a real pseudo-terminal, against the emulated scanner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import BadOptions, DeviceLost
from drivers.emulators.bad_line import Trouble
from drivers.emulators.honeywell import HoneywellEmulator
from tests.contract.scanner_contract import LAST, codes_until_last
from tests.contract.serial_scanner_rig import (
    SerialRig,
    TriggeredScannerContract,
    serial_rig,
)
from tests.waiting import within

#: A code that never comes ends the test, not the patience.
pytestmark = pytest.mark.timeout(20)

TIMEOUT_S = 0.3


NOISE = b"\x00\x06\xff\x15\x7f\r"

Rig = SerialRig[HoneywellEmulator]
MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    with ExitStack() as rigs:

        def make(*, by_hand: bool = True, **options: object) -> Rig:
            emulator = partial(HoneywellEmulator, by_hand=by_hand)
            settings = {"reply_timeout_s": TIMEOUT_S, **options}
            rig = serial_rig("honeywell", emulator, tmp_path, settings, NOISE)
            return rigs.enter_context(rig)

        yield make


class TestHoneywellScanner(TriggeredScannerContract):
    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> Rig:
        rig = make_rig()
        rig.scanner.open()
        return rig

    @pytest.fixture
    def told(self, make_rig: MakeRig) -> Rig:
        rig = make_rig(by_hand=False)
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

    with within(TIMEOUT_S), pytest.raises(DeviceLost, match="no answer to 16 4D 0D"):
        rig.scanner.open()


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
