"""The 3M / Bibliotheca pad on a real pseudo-terminal: the contract, and its quirks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import CommandRefused, DeviceLost, EasWriter, Tag, TagsOnPad
from drivers.codecs.bibliotheca.frames import Frame
from drivers.codecs.bibliotheca.replies import Reply, TagInformation
from drivers.codecs.bibliotheca.requests import Command, Request
from drivers.codecs.bibliotheca.status import Status
from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.bibliotheca import SET_UP_REFUSED, BibliothecaEmulator, Fault
from drivers.emulators.pty import Pty
from drivers.emulators.tag import VirtualTag
from drivers.pads.bibliotheca import BibliothecaPad
from tests.contract.pad_contract import (
    IN_STOCK,
    ON_LOAN,
    PadContract,
    next_round,
    read_all,
)

TIMEOUT_S = 0.2


@dataclass
class Rig:
    """A pad that is open, and the emulated reader behind a line that can be spoilt."""

    pad: BibliothecaPad
    reader: BibliothecaEmulator
    line: BadLine
    pty: Pty
    longest_call_s: float = 5 * TIMEOUT_S

    def place(self, number: int, *, afi: int = IN_STOCK) -> str:
        tag = VirtualTag(
            f"E00401500000{number:04X}", afi=afi, memory=_content(self.item_of(number))
        )
        self.reader.place(tag)
        return tag.uid

    def lift(self, uid: str) -> None:
        self.reader.lift(uid)

    def item_on(self, tag: Tag) -> str:
        return tag.memory[2 : 2 + tag.memory[1]].decode() if tag.memory else ""

    def item_of(self, number: int) -> str:
        return f"BOOK{number:06}"

    def afi_on_tag(self, uid: str) -> int:
        return self.tag(uid).afi

    def lock_security(self, uid: str) -> None:
        self.tag(uid).afi_locked = True

    def tag(self, uid: str) -> VirtualTag:
        return next(tag for tag in self.reader.tags if tag.uid == uid)

    def asked(self, command: Command) -> list[Request]:
        return [request for request in self.reader.heard if request.command is command]


def _content(item: str) -> bytes:
    """An ISO 28560-2 element: item id in ASCII; no other block order makes sense of it."""
    return bytes([0x61, len(item)]) + item.encode()


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    rigs: list[Rig] = []

    def make(options: dict[str, Any] | None = None, **firmware: Any) -> Rig:
        reader = BibliothecaEmulator(**firmware)
        line = BadLine(reader.answer, late_s=1.5 * TIMEOUT_S)
        pty = Pty(tmp_path / "pad", line)
        pty.start()
        settings = {"port": str(pty.path), "reply_timeout_s": TIMEOUT_S}
        pad = registry.create("bibliotheca", settings | (options or {}))
        assert isinstance(pad, BibliothecaPad)
        rigs.append(Rig(pad, reader, line, pty))
        pad.open()
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.pad.close()
        rig.pty.stop()


class TestBibliothecaPad(PadContract):
    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> Rig:
        return make_rig()


def test_an_empty_pad_may_be_told_as_an_error(make_rig: MakeRig) -> None:
    rig = make_rig(refuses_empty=True)

    assert next_round(rig) == {}


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


# --- opening ------------------------------------------------------------------------


@pytest.mark.parametrize("set_up", [SET_UP_REFUSED, b""], ids=["refused", "silent"])
def test_whatever_comes_of_the_undocumented_command(
    make_rig: MakeRig, set_up: bytes
) -> None:
    rig = make_rig(set_up=set_up)
    uid = rig.place(1)

    assert list(next_round(rig)) == [uid]


def test_it_asks_for_the_hardware_before_all_else(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def note(received: bytes) -> list[bytes]:
        heard.append(received)
        return []

    pty = Pty(tmp_path / "pad", note)
    pty.start()
    options = {"port": str(pty.path), "reply_timeout_s": TIMEOUT_S}
    pad = registry.create("bibliotheca", options)

    with pytest.raises(DeviceLost, match="no 3M reader"):
        pad.open()
    pty.stop()

    assert b"".join(heard).hex().upper() == "D500050400118C66"


def test_a_device_that_says_back_what_it_hears_is_no_pad(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "pad", lambda received: [received])
    pty.start()
    options = {"port": str(pty.path), "reply_timeout_s": TIMEOUT_S}
    pad = registry.create("bibliotheca", options)

    with pytest.raises(DeviceLost, match="no 3M reader"):
        pad.open()
    pty.stop()


def test_a_boot_loader_without_its_program_is_no_pad(make_rig: MakeRig) -> None:
    everything = [command for command in Command if command is not Command.SET_UP]

    rig = make_rig(unknown=everything)

    with pytest.raises(DeviceLost, match="command not implemented"):
        for _ in rig.pad.events():
            pass


# --- rounds -------------------------------------------------------------------------


def test_a_tag_comes_with_all_that_stands_on_it(rig: Rig) -> None:
    rig.reader.place(VirtualTag("E004015000000001", 0xC2, 0x06, memory=b"\x11\x01\x41"))

    tag = next_round(rig)["E004015000000001"]

    memory = b"\x11\x01\x41".ljust(32, b"\0")  # it says all in its first blocks
    assert tag == Tag("E004015000000001", 0xC2, 0x06, memory, 4)


def test_a_tag_told_twice_is_one_tag(rig: Rig) -> None:
    uid, other = rig.place(1), rig.place(2)
    rig.reader.fault(Fault.DUPLICATES)

    event = next(rig.pad.events())

    assert isinstance(event, TagsOnPad)
    assert sorted(tag.uid for tag in event.tags) == [uid, other]


@pytest.mark.parametrize("new_style", [False, True], ids=["old", "new"])
def test_memory_reads_alike_in_both_styles(
    make_rig: MakeRig, *, new_style: bool
) -> None:
    rig = make_rig({"new_style_reads": new_style})
    uid = rig.place(1)
    rig.tag(uid).memory = bytes(range(112))
    rig.tag(uid).locked |= {0, 5}

    assert rig.pad.read_blocks(uid, 3, 19) == bytes(range(12, 88))
    assert {len(request.tail) for request in rig.asked(Command.READ_BLOCKS)} == {
        3 if new_style else 2
    }


def test_blocks_come_eight_at_a_time(rig: Rig) -> None:
    uid = rig.place(1)
    read_all(rig, 1)

    asked = [tuple(request.tail) for request in rig.asked(Command.READ_BLOCKS)]

    assert asked == [(0, 8), (8, 8), (16, 8), (24, 4)]
    assert rig.asked(Command.READ_BLOCKS)[0].uid == uid


def test_a_block_that_was_not_read_costs_a_round(rig: Rig) -> None:
    uid = rig.place(1)
    rig.reader.fault(Fault.BAD_BLOCK, times=1)

    assert next_round(rig)[uid].memory == b""
    assert rig.item_on(next_round(rig)[uid]) == rig.item_of(1)


def test_a_block_behind_the_last_is_refused_with_the_reason(rig: Rig) -> None:
    uid = rig.place(1)

    with pytest.raises(CommandRefused, match="11 the tag has no such block") as refused:
        rig.pad.read_blocks(uid, 26, 4)
    assert refused.value.status == Status.NOT_AVAILABLE


def test_an_old_tag_without_information_is_read(rig: Rig) -> None:
    uid = rig.place(1)
    rig.tag(uid).has_system_info = False

    tag = next_round(rig)[uid]

    assert tag.afi == IN_STOCK
    assert rig.item_on(tag) == rig.item_of(1)
    assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN


def test_firmware_without_tag_information_will_do(make_rig: MakeRig) -> None:
    rig = make_rig(unknown=[Command.TAG_INFO])
    uid = rig.place(1)

    assert read_all(rig, 1)[uid].afi == IN_STOCK
    assert rig.pad.read_afi(uid) == IN_STOCK


def test_a_tag_with_other_blocks_is_there_but_unread(rig: Rig) -> None:
    wide = VirtualTag("E008015000000001", IN_STOCK, block_size=8, block_count=8)
    rig.reader.place(wide)

    tag = next_round(rig)[wide.uid]

    assert (tag.afi, tag.memory) == (IN_STOCK, b"")
    with pytest.raises(CommandRefused, match="blocks of 8 bytes"):
        rig.pad.read_blocks(wide.uid, 0, 1)


def test_an_answer_about_another_tag_is_passed_over(tmp_path: Path) -> None:
    reader = BibliothecaEmulator()
    reader.place(VirtualTag("E004015000000001", IN_STOCK))
    other = bytes.fromhex("E004015000000002") + TagInformation(afi=ON_LOAN).encode()
    stray = Frame(Reply(Command.TAG_INFO, data=other).encode()).encode()
    pty = Pty(tmp_path / "pad", lambda heard: [stray, *reader.answer(heard)])
    pty.start()
    pad = BibliothecaPad(BibliothecaPad.Options(port=str(pty.path)))
    pad.open()

    assert pad.read_afi("E004015000000001") == IN_STOCK
    pad.close()
    pty.stop()


# --- changes ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.MISSED, Fault.UNCONFIRMED])
def test_an_afi_that_nobody_confirms_is_written_again(rig: Rig, fault: Fault) -> None:
    uid = rig.place(1)
    read_all(rig, 1)
    rig.reader.fault(fault, times=5)

    assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN
    assert rig.afi_on_tag(uid) == ON_LOAN


def test_an_afi_that_stands_is_not_written_again(rig: Rig) -> None:
    uid = rig.place(1)
    rig.reader.fault(Fault.UNCONFIRMED)

    rig.pad.write_afi(uid, ON_LOAN)

    assert len(rig.asked(Command.WRITE_AFI)) == 1


def test_an_afi_that_never_takes_is_refused_in_time(rig: Rig) -> None:
    uid = rig.place(1)
    read_all(rig, 1)
    rig.reader.fault(Fault.MISSED)

    started = time.monotonic()
    with pytest.raises(CommandRefused) as refused:
        rig.pad.write_afi(uid, ON_LOAN)

    assert TIMEOUT_S <= time.monotonic() - started < rig.longest_call_s
    assert refused.value.status == Status.NO_TRANSPONDER
    assert rig.afi_on_tag(uid) == IN_STOCK


def test_a_locked_afi_is_refused_at_once(rig: Rig) -> None:
    uid = rig.place(1)
    rig.lock_security(uid)

    with pytest.raises(CommandRefused, match="12 locked") as refused:
        rig.pad.write_afi(uid, ON_LOAN)

    assert refused.value.status == Status.LOCKED
    assert len(rig.asked(Command.WRITE_AFI)) == 1


@pytest.mark.parametrize("fault", [None, Fault.MISSED, Fault.UNCONFIRMED])
def test_blocks_are_written_and_shown(rig: Rig, fault: Fault | None) -> None:
    uid = rig.place(1)
    read_all(rig, 1)
    if fault:
        rig.reader.fault(fault, times=2)

    rig.pad.write_blocks(uid, 2, bytes(range(40)))

    assert rig.tag(uid).memory[8:48] == bytes(range(40))
    assert next_round(rig)[uid].memory[8:48] == bytes(range(40))


def test_a_locked_block_refuses_and_keeps_its_content(rig: Rig) -> None:
    uid = rig.place(1)
    rig.tag(uid).lock(2, 1)

    with pytest.raises(CommandRefused, match="12 locked"):
        rig.pad.write_blocks(uid, 2, b"ABCD")
    assert rig.tag(uid).memory[8:12] != b"ABCD"


@pytest.mark.parametrize("unknown", [(), (Command.WRITE_EAS,)], ids=["0C", "through"])
def test_the_eas_bit_is_switched(make_rig: MakeRig, unknown: tuple[Command]) -> None:
    rig = make_rig(unknown=unknown)
    uid, other = rig.place(1), rig.place(2)
    assert isinstance(rig.pad, EasWriter)

    rig.pad.write_eas(uid, armed=True)
    assert (rig.tag(uid).eas, rig.tag(other).eas) == (True, False)

    rig.pad.write_eas(uid, armed=False)
    assert not rig.tag(uid).eas


@pytest.mark.parametrize("unknown", [(), (Command.WRITE_EAS,)], ids=["0C", "through"])
def test_a_locked_eas_bit_is_refused(
    make_rig: MakeRig, unknown: tuple[Command]
) -> None:
    rig = make_rig(unknown=unknown)
    uid = rig.place(1)
    rig.tag(uid).eas_locked = True

    with pytest.raises(CommandRefused, match="locked"):
        rig.pad.write_eas(uid, armed=True)


@pytest.mark.parametrize("unknown", [(), (Command.WRITE_EAS,)], ids=["0C", "through"])
def test_a_tag_of_another_maker_has_no_eas(
    make_rig: MakeRig, unknown: tuple[Command]
) -> None:
    rig = make_rig(unknown=unknown)
    rig.reader.place(VirtualTag("E007015000000001"))

    with pytest.raises(CommandRefused, match="06 no transponder"):
        rig.pad.write_eas("E007015000000001", armed=True)


def test_a_lost_answer_leaves_the_eas_bit_unknown(rig: Rig) -> None:
    uid = rig.place(1)
    rig.line.trouble(Trouble.SILENCE, times=1)

    with pytest.raises(CommandRefused, match="no answer"):
        rig.pad.write_eas(uid, armed=True)
