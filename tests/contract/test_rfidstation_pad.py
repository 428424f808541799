"""The RFIDStation pad driver (7E55) on a pseudo-terminal: a serial line, and HID."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import CommandRefused, EasWriter, Tag
from drivers.codecs.rfidstation.commands import Command, TagError
from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.hf_field import Fault
from drivers.emulators.pty import Pty
from drivers.emulators.rfidstation import HidReports, RfidstationEmulator
from drivers.emulators.tag import VirtualTag
from drivers.pads.pad import NO_AFI, NO_ANSWER
from drivers.pads.rfidstation import RfidstationPad
from tests.contract.hf_rig import HfRig
from tests.contract.pad_contract import IN_STOCK, ON_LOAN, PadContract, next_round

TIMEOUT_S = 0.15
UID = "E004015000000001"

MakeRig = Callable[..., HfRig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    rigs: list[HfRig] = []

    def make(options: dict[str, Any] | None = None, **reader: Any) -> HfRig:
        options = {"gap_ms": 0, "reply_timeout_s": TIMEOUT_S} | (options or {})
        emulator = RfidstationEmulator(**{"gap_s": 0} | reader)
        line = BadLine(emulator.answer, late_s=1.5 * TIMEOUT_S)
        is_hid = options.get("line") == "hid"
        pty = Pty(tmp_path / "pad", HidReports(line) if is_hid else line)
        pty.start()
        pad = registry.create("rfidstation", {"port": str(pty.path)} | options)
        assert isinstance(pad, RfidstationPad)
        # A probe takes half a second; a write, its read and what precedes it, less.
        rigs.append(HfRig(pad, emulator, line, pty, longest_call_s=0.6))
        pad.open()
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.pad.close()
        rig.pty.stop()


@pytest.fixture
def rig(make_rig: MakeRig) -> HfRig:
    return make_rig()


class TestSerialRfidstationPad(PadContract):
    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> HfRig:
        return make_rig()


class TestHidRfidstationPad(PadContract):
    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> HfRig:
        return make_rig({"line": "hid"})


def test_tag_comes_with_all_that_stands_on_it(rig: HfRig) -> None:
    rig.field.place(VirtualTag(UID, afi=IN_STOCK, dsfid=0x06, memory=b"1234"))

    assert next_round(rig)[UID] == Tag(UID, IN_STOCK, 0x06, b"1234".ljust(112, b"\0"))


@pytest.mark.parametrize("line", ["serial", "hid"])
def test_forty_tags_come_in_several_parts(make_rig: MakeRig, line: str) -> None:
    rig = make_rig({"line": line, "read_blocks_count": 1})
    uids = {rig.place(number) for number in range(1, 41)}

    assert next_round(rig).keys() == uids
    assert next_round(rig).keys() == uids


@pytest.mark.parametrize("line", ["serial", "hid"])
def test_long_memory_is_read_and_written_in_pieces(
    make_rig: MakeRig, line: str
) -> None:
    rig = make_rig({"line": line, "read_blocks_count": 80})
    tag = VirtualTag(UID, block_count=80)
    content = bytes(range(248))
    rig.field.place(tag)

    rig.pad.write_blocks(UID, 5, content)

    assert tag.memory[20:268] == content
    assert rig.pad.read_blocks(UID, 5, 62) == content
    assert next_round(rig)[UID].memory == tag.memory


def test_tag_without_system_information_is_read_all_the_same(rig: HfRig) -> None:
    rig.field.place(VirtualTag(UID, memory=b"1234", has_system_info=False))

    assert next_round(rig)[UID] == Tag(UID, memory=b"1234".ljust(32, b"\0"))
    with pytest.raises(CommandRefused, match="does not tell its AFI") as refused:
        rig.pad.read_afi(UID)
    assert refused.value.status == NO_AFI


def test_locked_block_is_refused_with_the_tags_error(rig: HfRig) -> None:
    rig.field.place(VirtualTag(UID, locked={3}))

    with pytest.raises(CommandRefused, match="23 write blocks of E0") as refused:
        rig.pad.write_blocks(UID, 2, b"12345678")

    assert refused.value.status == TagError.REFUSED


def test_failed_write_is_refused_and_the_next_one_works(rig: HfRig) -> None:
    uid = rig.place(1)
    rig.field.fault(Fault.WRITE_FAILS, 1)

    with pytest.raises(CommandRefused, match="tag not responding") as refused:
        rig.pad.write_afi(uid, ON_LOAN)

    assert refused.value.status == TagError.NO_ANSWER
    assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN


def test_afi_whose_confirmation_is_lost_is_read_back(rig: HfRig) -> None:
    uid = rig.place(1)
    next_round(rig)
    rig.line.trouble(Trouble.DAMAGE, times=1)

    assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN


def test_memory_that_could_not_be_read_is_read_in_the_next_round(rig: HfRig) -> None:
    uid = rig.place(1)
    rig.field.fault(Fault.PARTIAL_READ, 1)

    first, second = next_round(rig)[uid], next_round(rig)[uid]

    assert (first.memory, first.afi) == (b"", IN_STOCK)
    assert rig.item_on(second) == rig.item_of(1)


# --- EAS ----------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["serial", "hid"])
def test_eas_is_set_and_reset_through_the_air(make_rig: MakeRig, line: str) -> None:
    rig = make_rig({"line": line})
    assert isinstance(rig.pad, EasWriter)
    uid, other = rig.place(1), rig.place(2)

    rig.pad.write_eas(uid, armed=True)
    armed = rig.field.on_pad[uid].eas
    rig.pad.write_eas(uid, armed=False)

    assert armed
    assert not rig.field.on_pad[uid].eas
    assert not rig.field.on_pad[other].eas


def test_locked_eas_is_refused_with_the_tags_error(rig: HfRig) -> None:
    uid = rig.place(1)
    rig.field.on_pad[uid].eas_locked = True

    with pytest.raises(CommandRefused, match="block is locked") as refused:
        rig.pad.write_eas(uid, armed=True)

    assert refused.value.status == TagError.REFUSED


def test_eas_of_an_absent_tag_is_refused(rig: HfRig) -> None:
    with pytest.raises(CommandRefused, match="tag not responding"):
        rig.pad.write_eas(UID, armed=True)


def test_eas_whose_answer_is_lost_is_refused(rig: HfRig) -> None:
    uid = rig.place(1)
    rig.line.trouble(Trouble.SILENCE, times=1)

    with pytest.raises(CommandRefused, match="no answer") as refused:
        rig.pad.write_eas(uid, armed=True)

    assert refused.value.status == NO_ANSWER


# --- the reader ---------------------------------------------------------------------


def test_reader_that_wants_its_pause_gets_it(make_rig: MakeRig) -> None:
    rig = make_rig({"gap_ms": 50}, gap_s=0.025)
    uid = rig.place(1)

    assert rig.item_on(next_round(rig)[uid]) == rig.item_of(1)


def test_reader_with_an_address_of_its_own_is_asked_by_it(make_rig: MakeRig) -> None:
    rig = make_rig({"address": 0xABCD}, address=0xABCD)

    assert rig.place(1) in next_round(rig)


def test_any_reader_is_asked_by_the_address_it_tells(make_rig: MakeRig) -> None:
    rig = make_rig(address=0xABCD)

    assert rig.place(1) in next_round(rig)


def test_what_a_reader_reports_unasked_is_no_answer(rig: HfRig) -> None:
    uid = rig.place(1)
    assert isinstance(rig.field, RfidstationEmulator)
    report = rig.field.report(Command.TAG_ENTERED, bytes(11))
    for _ in range(3):
        rig.pty.send(report)

        assert uid in next_round(rig)


@pytest.mark.parametrize(
    ("port", "line", "lost"),
    [
        ("/dev/hidraw99", "auto", "/dev/hidraw99: No such file"),
        ("/dev/no-such-pad", "auto", "/dev/no-such-pad: No such file"),
        ("/dev/no-such-pad", "hid", "/dev/no-such-pad: No such file"),
        ("usb:0505:5050", "auto", "no such hidraw device is plugged in"),
        ("usb:0403:6001", "auto", "no such tty device is plugged in"),
        ("usb:0403:6001", "hid", "no such hidraw device is plugged in"),
    ],
)
def test_absent_port_can_not_be_opened(port: str, line: str, lost: str) -> None:
    pad = registry.create("rfidstation", {"port": port, "line": line})

    with pytest.raises(ConnectionError, match=lost):
        pad.open()
