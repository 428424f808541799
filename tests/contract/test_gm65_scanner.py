"""The GM65 driver on a real pseudo-terminal, against the emulated module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import BadOptions, CodeScanned, DeviceLost, NoAnswer
from drivers.codecs.gm65.frames import Zone
from drivers.emulators.bad_line import Trouble
from drivers.emulators.gm65 import ENVELOPE_BIT, Fault, Gm65Emulator
from drivers.emulators.line_scanner import LineScannerEmulator
from drivers.emulators.line_scanner import answer as only_talks
from drivers.emulators.pty import Pty
from tests.contract.listening import for_a_while, hear_out, listen, until
from tests.contract.scanner_contract import ISBN, LAST, codes_until_last
from tests.contract.serial_scanner_rig import (
    SerialRig,
    TriggeredScannerContract,
    serial_rig,
)
from tests.waiting import within

#: A code that never comes ends the test, not the patience.
pytestmark = pytest.mark.timeout(20)

TIMEOUT_S = 0.3
CONTINUOUS, HOST = 0xD6, 0xD5


NOISE = bytes.fromhex("0200137FFF0300FF0D")

Rig = SerialRig[Gm65Emulator]
MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    with ExitStack() as rigs:

        def make(**options: object) -> Rig:
            settings = {"reply_timeout_s": TIMEOUT_S, **options}
            rig = serial_rig("gm65", Gm65Emulator, tmp_path, settings, NOISE)
            return rigs.enter_context(rig)

        yield make


@pytest.fixture
def open_rig(make_rig: MakeRig) -> MakeRig:
    def make(**options: object) -> Rig:
        rig = make_rig(**options)
        rig.scanner.open()
        return rig

    return make


class TestGm65Scanner(TriggeredScannerContract):
    @pytest.fixture
    def rig(self, open_rig: MakeRig) -> Rig:
        return open_rig()

    @pytest.fixture
    def told(self, open_rig: MakeRig) -> Rig:
        return open_rig(trigger="host")


# --- opening ------------------------------------------------------------------------


def test_silent_port_is_refused_in_time(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.emulator.faults.add(Fault.DEAF)

    with (
        within(TIMEOUT_S),
        pytest.raises(DeviceLost, match=r"no GM65: .*scanner: .*7E 00 07"),
    ):
        rig.scanner.open()


def test_scanner_that_only_talks_is_refused_in_time(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "other", only_talks)
    pty.start()
    driver = registry.create("gm65", {"port": str(pty.path), "reply_timeout_s": 0.3})
    LineScannerEmulator(pty.send).scan(ISBN)

    with pytest.raises(DeviceLost, match="no GM65"):
        driver.open()

    pty.stop()


def test_module_that_cannot_be_asked_may_be_taken_on_trust(make_rig: MakeRig) -> None:
    rig = make_rig(probe=False)
    rig.emulator.faults.add(Fault.DEAF)

    rig.scanner.open()
    rig.scan(ISBN)

    assert until(listen(rig.scanner), CodeScanned(ISBN))


def test_module_is_left_as_it_is(open_rig: MakeRig) -> None:
    rig = open_rig(save=True)

    assert rig.emulator.writes == []
    assert rig.emulator.saves == 0


def test_only_what_is_set_otherwise_is_set(open_rig: MakeRig) -> None:
    rig = open_rig(trigger="auto", envelope="on")

    assert rig.emulator.writes == [(Zone.FORMAT, 0x01 | ENVELOPE_BIT)]
    assert rig.emulator.saves == 0


@pytest.mark.parametrize(
    ("trigger", "mode"), [("button", 0xD4), ("host", 0xD5), ("sensing", 0xD7)]
)
def test_mode_changes_and_nothing_beside_it(
    open_rig: MakeRig, trigger: str, mode: int
) -> None:
    rig = open_rig(trigger=trigger)

    assert rig.emulator.writes == [(Zone.MODE, mode)]


def test_flash_is_written_once_for_a_change(open_rig: MakeRig) -> None:
    rig = open_rig(trigger="host", envelope="on", save=True)

    rig.scanner.open()

    assert rig.emulator.saves == 1
    assert len(rig.emulator.writes) == 2


def test_codes_in_envelopes_are_unpacked(open_rig: MakeRig) -> None:
    rig = open_rig(envelope="on")
    for text in (ISBN, "A0001", "通借0001"):
        rig.scan(text)
    rig.disturb()
    rig.scan(LAST)

    assert codes_until_last(rig) == [ISBN, "A0001", "通借0001"]


def test_envelope_is_taken_off_again(make_rig: MakeRig) -> None:
    rig = make_rig(envelope="off")
    rig.emulator.zones[Zone.FORMAT] |= ENVELOPE_BIT

    rig.scanner.open()

    assert rig.emulator.zones[Zone.FORMAT] == 0x01


def test_open_over_a_slow_line(make_rig: MakeRig) -> None:
    rig = make_rig(trigger="host")
    rig.line.trouble(Trouble.PAUSES)

    rig.scanner.open()

    assert rig.emulator.zones[Zone.MODE] == HOST


@pytest.mark.parametrize(
    "options", [{"trigger": "never"}, {"heartbeat_s": -1}, {"reply_timeout": 1}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match="gm65"):
        registry.create("gm65", {"port": "/dev/x", **options})


# --- triggers -----------------------------------------------------------------------


def test_codes_that_come_before_a_reply_are_kept(open_rig: MakeRig) -> None:
    rig = open_rig()
    rig.scan("A0001")
    rig.scan("A0002")

    rig.scanner.trigger()
    rig.scan(LAST)

    assert codes_until_last(rig) == ["A0001", "A0002"]


@pytest.mark.parametrize("trouble", list(Trouble))
def test_bad_reply_to_a_trigger_makes_no_wrong_code(
    open_rig: MakeRig, trouble: Trouble
) -> None:
    rig = open_rig(trigger="host", repeat_suppress_s=0)
    for _ in range(2):
        rig.line.trouble(trouble, times=1)
        with within(TIMEOUT_S), suppress(NoAnswer):
            rig.scanner.trigger()
        rig.scan(ISBN)
    rig.line.mend()
    with suppress(NoAnswer):  # a late line is still busy with the ones before
        rig.scanner.trigger()
    rig.scan(LAST)

    assert set(codes_until_last(rig)) == {ISBN}


def test_trigger_without_an_answer_says_so_in_time(open_rig: MakeRig) -> None:
    rig = open_rig()
    rig.emulator.faults.add(Fault.DEAF)

    with (
        within(TIMEOUT_S),
        pytest.raises(NoAnswer, match="scanner: no answer to 7E 00 08"),
    ):
        rig.scanner.trigger()


# --- health and content -------------------------------------------------------------


def test_module_without_a_heartbeat_is_lost(open_rig: MakeRig) -> None:
    rig = open_rig(heartbeat_s=0.05, reply_timeout_s=0.1)
    events = listen(rig.scanner)
    assert for_a_while(events) == []

    rig.emulator.faults.add(Fault.DEAF)

    with pytest.raises(DeviceLost, match="3 heartbeats missed"):
        hear_out(events)


def test_codes_come_between_heartbeats(open_rig: MakeRig) -> None:
    rig = open_rig(heartbeat_s=0.02)
    events = listen(rig.scanner)
    for text in ("A0001", "A0002", "A0003"):
        for_a_while(events, 0.1)
        rig.scan(text)

        assert until(events, CodeScanned(text)) == [CodeScanned(text)]


def test_old_module_without_heartbeats_lives_when_none_are_asked(
    open_rig: MakeRig,
) -> None:
    rig = open_rig()
    rig.emulator.faults.add(Fault.NO_HEARTBEAT)

    assert for_a_while(listen(rig.scanner)) == []


def test_aim_identifier_decides_which_rule_applies(make_rig: MakeRig) -> None:
    rules = {"code39_check": "strip", "library14_checked": True}
    rig = make_rig(aim_prefix=True, rules=rules)
    rig.emulator.zones[Zone.AIM] = 0x80
    rig.scanner.open()

    rig.emulator.scan("159AZH", "]A0")
    rig.emulator.scan("159AZ", "]A0")
    rig.emulator.scan("159AZ", "]C0")
    rig.emulator.scan("35555000012349", "]F0")
    rig.emulator.scan("35555000012346", "]F0")
    rig.emulator.scan(LAST, "]C0")

    assert codes_until_last(rig) == ["159AZ", "35555000012346"]
