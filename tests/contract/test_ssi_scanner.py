"""The SSI driver on a real pseudo-terminal, against the emulated decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import (
    BadOptions,
    Beep,
    CodeScanned,
    CommandRefused,
    DeviceLost,
    Feedback,
    Light,
    NoAnswer,
)
from drivers.codecs.ssi.packets import HOST, PERMANENT, Op
from drivers.emulators.bad_line import Trouble
from drivers.emulators.line_scanner import LineScannerEmulator
from drivers.emulators.line_scanner import answer as only_talks
from drivers.emulators.pty import Pty
from drivers.emulators.ssi import QR, Fault, SsiEmulator
from tests.contract.listening import for_a_while, listen, until
from tests.contract.scanner_contract import ISBN, LAST, codes_until_last
from tests.contract.serial_scanner_rig import (
    Send,
    SerialRig,
    TriggeredScannerContract,
    serial_rig,
)
from tests.waiting import eventually, within

#: A code that never comes ends the test, not the patience.
pytestmark = pytest.mark.timeout(20)

TIMEOUT_S = 0.3


NOISE = bytes.fromhex("00FF137F12F3000DFFF40000")


@dataclass
class Rig(SerialRig[SsiEmulator]):
    """`damages`: what happens to the next packets from the decoder."""

    damages: list[Callable[[bytes], bytes]] = field(default_factory=list)

    def unplug(self) -> None:
        super().unplug()
        self.emulator.lose_power()


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    with ExitStack() as rigs:

        def make(emulator: dict[str, Any] | None = None, **options: object) -> Rig:
            damages: list[Callable[[bytes], bytes]] = []

            def plugged(send: Send) -> SsiEmulator:
                def damaged(packet: bytes) -> None:
                    send(damages.pop(0)(packet) if damages else packet)

                return SsiEmulator(damaged, **(emulator or {}))

            settings = {"reply_timeout_s": TIMEOUT_S, **options}
            usual = rigs.enter_context(
                serial_rig("ssi", plugged, tmp_path, settings, NOISE)
            )
            return Rig(**vars(usual), damages=damages)

        yield make


@pytest.fixture
def open_rig(make_rig: MakeRig) -> MakeRig:
    def make(emulator: dict[str, Any] | None = None, **options: object) -> Rig:
        rig = make_rig(emulator, **options)
        rig.scanner.open()
        return rig

    return make


class TestSsiScanner(TriggeredScannerContract):
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
        pytest.raises(DeviceLost, match=r"no SSI scanner: .*scanner: .*04 E9"),
    ):
        rig.scanner.open()


def test_scanner_that_only_talks_is_refused(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "other", only_talks)
    pty.start()
    driver = registry.create("ssi", {"port": str(pty.path), "reply_timeout_s": 0.3})
    LineScannerEmulator(pty.send).scan(ISBN)

    with pytest.raises(DeviceLost, match="no SSI scanner"):
        driver.open()

    pty.stop()


def test_settings_are_gone_with_the_power_unless_asked_otherwise(
    open_rig: MakeRig,
) -> None:
    rig = open_rig(trigger="host")

    assert rig.emulator.params == {b"\xee": 1, b"\x8a": 8}
    assert not any(command.status & PERMANENT for command in rig.emulator.commands)


def test_settings_may_be_permanent(open_rig: MakeRig) -> None:
    rig = open_rig(trigger="auto", permanent=True)

    sent = [command for command in rig.emulator.commands if command.op is Op.PARAM_SEND]
    assert [command.status for command in sent] == [PERMANENT, PERMANENT]
    assert rig.emulator.params[b"\x8a"] == 4


def test_command_that_the_decoder_wants_again_is_sent_again(open_rig: MakeRig) -> None:
    rig = open_rig()
    rig.emulator.faults.add(Fault.RESEND)

    rig.scanner.trigger()

    assert rig.emulator.commands[-1].op is Op.START_SESSION


def test_decoder_that_answers_as_a_host_is_understood(open_rig: MakeRig) -> None:
    rig = open_rig({"says": HOST})

    rig.scan(ISBN)

    assert until(listen(rig.scanner), CodeScanned(ISBN)) == [CodeScanned(ISBN)]


@pytest.mark.parametrize(
    "options", [{"trigger": "never"}, {"format": "xml"}, {"baud": 1}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match="ssi"):
        registry.create("ssi", {"port": "/dev/x", **options})


# --- codes --------------------------------------------------------------------------


def test_each_code_is_acknowledged(open_rig: MakeRig) -> None:
    rig = open_rig()
    for text in (ISBN, "A0001", LAST):
        rig.scan(text)

    assert codes_until_last(rig) == [ISBN, "A0001"]
    assert eventually(lambda: not rig.emulator.waits, "all is acknowledged")


@pytest.mark.parametrize("at", [0, 1, 3, 4, 9, 19])
def test_damaged_code_is_sent_again_and_right(open_rig: MakeRig, at: int) -> None:
    rig = open_rig(repeat_suppress_s=0)
    rig.damages.append(lambda data: data[:at] + b"\x41" + data[at + 1 :])

    rig.scan(ISBN)
    events = listen(rig.scanner)
    said = for_a_while(events, 0.1)
    if said == []:
        # Nobody knew it for a code: the decoder waits for an answer, then sends again.
        rig.emulator.resend()
        said = until(events, CodeScanned(ISBN))

    assert said == [CodeScanned(ISBN)]
    assert eventually(lambda: not rig.emulator.waits, "it is acknowledged")


def test_code_whose_acknowledgement_was_lost_is_one(open_rig: MakeRig) -> None:
    rig = open_rig(repeat_suppress_s=0)
    events = listen(rig.scanner)
    rig.scan(ISBN)
    rig.emulator.resend()
    rig.scan(LAST)

    assert until(events, CodeScanned(LAST)) == [CodeScanned(ISBN), CodeScanned(LAST)]


@pytest.mark.parametrize("long_packets", [False, True])
def test_long_code_is_whole(open_rig: MakeRig, long_packets: bool) -> None:  # noqa: FBT001  (a parameter of the test)
    rig = open_rig({"long_packets": long_packets}, max_length=2000)
    text = "通借" + "0123456789" * 100

    rig.emulator.scan(text, QR)

    assert until(listen(rig.scanner), CodeScanned(text)) == [CodeScanned(text)]


def test_decoder_may_be_set_to_plain_lines(open_rig: MakeRig) -> None:
    rig = open_rig(format="lines")
    for text in (ISBN, "A0001", LAST):
        rig.scan(text)
    rig.scanner.trigger()

    assert codes_until_last(rig) == [ISBN, "A0001"]


def test_code_type_decides_which_rule_applies(open_rig: MakeRig) -> None:
    rig = open_rig(rules={"code39_check": "strip"})
    for text, code_type in (("159AZH", 0x01), ("159AZ", 0x01), ("159AZ", 0x03)):
        rig.emulator.scan(text, code_type)
    rig.scan(LAST)

    assert codes_until_last(rig) == ["159AZ"]


# --- commands -----------------------------------------------------------------------


def test_decoder_beeps_and_lights_its_lamp(open_rig: MakeRig) -> None:
    rig = open_rig()
    assert isinstance(rig.scanner, Feedback)
    before = len(rig.emulator.commands)

    rig.scanner.beep(Beep.REFUSED)
    rig.scanner.show(Light.ATTENTION)
    rig.scanner.show(Light.READY)

    sent = [(command.op, command.data) for command in rig.emulator.commands[before:]]
    assert sent == [(Op.BEEP, b"\1"), (Op.LED_ON, b"\1"), (Op.LED_OFF, b"\1")]


@pytest.mark.parametrize("trouble", list(Trouble))
def test_bad_answer_makes_no_wrong_code(open_rig: MakeRig, trouble: Trouble) -> None:
    rig = open_rig(trigger="host")
    for _ in range(2):
        rig.line.trouble(trouble, times=1)
        with within(TIMEOUT_S), suppress(NoAnswer, CommandRefused):
            rig.scanner.trigger()
    rig.line.mend()
    with suppress(NoAnswer, CommandRefused):  # a late line is still busy
        rig.scanner.trigger()
    rig.scan(LAST)

    assert codes_until_last(rig) == []


def test_command_without_an_answer_says_so_in_time(open_rig: MakeRig) -> None:
    rig = open_rig()
    rig.emulator.faults.add(Fault.DEAF)

    with (
        within(TIMEOUT_S),
        pytest.raises(NoAnswer, match="scanner: no answer to 04 E4"),
    ):
        rig.scanner.trigger()


def test_codes_that_come_before_an_answer_are_kept(open_rig: MakeRig) -> None:
    rig = open_rig()
    rig.scan("A0001")

    rig.scanner.trigger()
    rig.scan(LAST)

    assert codes_until_last(rig) == ["A0001"]


# --- the emulator is no pushover ----------------------------------------------------


def test_decoder_sleeps_until_it_is_woken() -> None:
    decoder = SsiEmulator(lambda _data: None)

    assert list(decoder.answer(bytes.fromhex("04E90400FF0F"))) == []


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("04E90400FF0F", "04D00000FF2C"),
        ("04E90400FF0E", "05D1000001FF29"),
        ("05E9040001FF0D", "05D1000006FF24"),
        ("04A30400FF55", "05D1000006FF24"),
    ],
)
def test_decoder_refuses_what_a_real_one_would(command: str, answer: str) -> None:
    decoder = SsiEmulator(lambda _data: None)
    list(decoder.answer(b"\0"))

    def said() -> bytes:
        return b"".join(decoder.answer(bytes.fromhex(command)))

    assert eventually(said, "it is awake") == bytes.fromhex(answer)


def test_decoder_that_is_not_enabled_reads_nothing() -> None:
    sent: list[bytes] = []

    SsiEmulator(sent.append).scan(ISBN)

    assert sent == []
