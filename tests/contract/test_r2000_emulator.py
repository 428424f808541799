"""What the emulated R2000 reader refuses, as a real one would; and odd readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import CommandRefused, DeviceLost
from drivers.codecs.gen2 import Bank
from drivers.codecs.r2000.commands import (
    Code,
    Command,
    ReadRequest,
    WriteRequest,
    match_epc,
)
from drivers.codecs.r2000.frames import Frame, decode
from drivers.codecs.r2000.replies import TagReply, parse_read, parse_write
from drivers.emulators.r2000 import R2000Emulator
from tests.contract.pad_contract import IN_STOCK, read_all
from tests.contract.uhf_rig import MODELS, uhf_rig

OPTIONS = {"reply_timeout_s": 0.15}


@pytest.fixture
def reader() -> R2000Emulator:
    return R2000Emulator()


def _ask(reader: R2000Emulator, cmd: int, content: bytes = b"") -> list[bytes]:
    raw = b"".join(reader.answer(Frame(0x01, cmd, content).encode()))
    replies = []
    while raw:
        size = 2 + raw[1]
        replies.append(decode(raw[:size]).data)
        raw = raw[size:]
    return replies


# --- the emulator -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cmd", "content", "code"),
    [
        (Command.SET_WORK_ANTENNA, b"\x04", Code.BAD_ANTENNA),
        (Command.SET_WORK_ANTENNA, b"", Code.BAD_ANTENNA),
        (Command.SET_POWER, b"\x22", Code.BAD_POWER),
        (Command.SET_TEMPORARY_POWER, b"\x01\x02", Code.BAD_POWER),
        (Command.SET_REGION, b"\x09\x00\x06", Code.BAD_REGION),
        (Command.SET_REGION, b"\x01\x3b\x07", Code.BAD_REGION),
        (Command.SET_BEEPER, b"\x03", Code.BAD_BEEPER),
        (Command.SET_EPC_MATCH, b"\x07", Code.BAD_PARAMETER),
        (Command.INVENTORY, b"", Code.BAD_PARAMETER),
        (Command.READ, b"\x03\x00", Code.BAD_PARAMETER),
        (Command.READ, b"\x04\x00\x01", Code.BAD_BANK),
        (Command.READ, b"\x03\x00\x00", Code.BAD_WORD_COUNT),
        (Command.READ, b"\x03\x00\x01", Code.NO_TAG),
        (Command.WRITE, WriteRequest(3, 0, b"").encode(), Code.BAD_WORD_COUNT),
        (Command.WRITE, WriteRequest(9, 0, b"ab").encode(), Code.BAD_BANK),
        (Command.WRITE, WriteRequest(3, 0, b"ab").encode(), Code.NO_TAG),
        (Command.KILL, bytes(4), Code.FAILED),
        (0x55, b"", Code.FAILED),
    ],
)
def test_what_a_reader_cannot_do_has_a_code(
    reader: R2000Emulator, cmd: int, content: bytes, code: Code
) -> None:
    assert _ask(reader, cmd, content) == [bytes((code,))]


@pytest.mark.parametrize("raw", ["A0030172EB", "A0030572E6", "0102030405"])
def test_a_broken_or_foreign_frame_gets_no_reply(
    reader: R2000Emulator, raw: str
) -> None:
    assert list(reader.answer(bytes.fromhex(raw))) == []


def test_settings_are_told(reader: R2000Emulator) -> None:
    assert _ask(reader, Command.SET_WORK_ANTENNA, b"\1") == [bytes((Code.DONE,))]
    assert _ask(reader, Command.SET_POWER, b"\x14\x14\x14\x14") == [b"\x10"]
    assert _ask(reader, Command.SET_BEEPER, b"\2") == [b"\x10"]

    assert _ask(reader, Command.GET_WORK_ANTENNA) == [b"\1"]
    assert _ask(reader, Command.GET_POWER) == [b"\x14"]
    assert _ask(reader, Command.GET_TEMPERATURE) == [b"\x01\x1f"]
    assert _ask(reader, Command.GET_RF_PROFILE) == [b"\xd1"]
    assert _ask(reader, Command.GET_EPC_MATCH) == [b"\1"]


def test_without_a_match_every_tag_is_reached(reader: R2000Emulator) -> None:
    tags = [MODELS[0].make(number, IN_STOCK) for number in (1, 2)]
    for tag in tags:
        reader.field.place(tag)

    read = _ask(reader, Command.READ, ReadRequest(1, 1, 1).encode())
    written = _ask(reader, Command.WRITE, WriteRequest(3, 0, b"ab").encode())

    assert len(read) == len(written) == 2
    assert {tag.user[:2] for tag in tags} == {b"ab"}


def test_with_a_match_one_tag_is_reached_and_seen(reader: R2000Emulator) -> None:
    one, other = (MODELS[0].make(number, IN_STOCK) for number in (1, 2))
    other.locked.add(Bank.USER)
    reader.field.place(one)
    reader.field.place(other)

    _ask(reader, Command.SET_EPC_MATCH, match_epc(other.epc))

    (read,) = _ask(reader, Command.READ, ReadRequest(1, 1, 1).encode())
    reply = parse_read(read)
    assert isinstance(reply, TagReply)
    assert reply.epc == other.epc
    (written,) = _ask(reader, Command.WRITE, WriteRequest(3, 0, b"ab").encode())
    reply = parse_write(written)
    assert isinstance(reply, TagReply)
    assert reply.result == Code.WRITE_FAILED
    assert _ask(reader, Command.GET_EPC_MATCH) == [match_epc(other.epc)]
    assert len(_ask(reader, Command.INVENTORY, b"\1")) == 4


# --- odd readers ------------------------------------------------------------------


class Odd(R2000Emulator):
    """Answers one command with something of its own."""

    def __init__(self, cmd: int, reply: bytes) -> None:
        super().__init__()
        self._odd = {cmd: reply}

    def _carry_out(self, request: Frame) -> Iterator[bytes]:
        if request.cmd in self._odd:
            yield self._odd[request.cmd]
        else:
            yield from super()._carry_out(request)


def test_a_device_without_a_firmware_version_is_no_reader(tmp_path: Path) -> None:
    odd = Odd(Command.GET_FIRMWARE, b"\x10")

    with (
        pytest.raises(DeviceLost, match=r"no R2000 reader: .*firmware version 10"),
        uhf_rig("r2000", odd, tmp_path, options=OPTIONS),
    ):
        pass


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (TagReply(1, 0x1000, b"\1\2\3\4", b"\0\0", b"\5\6").encode_read(), "answer fr"),
        (b"\0\1", "R2000 read reply: size"),
        (b"", "R2000 read reply: number of tags"),
    ],
    ids=["another tag", "cut", "empty"],
)
def test_a_read_that_makes_no_sense_is_a_refusal(
    tmp_path: Path, reply: bytes, reason: str
) -> None:
    odd = Odd(Command.READ, reply)
    with uhf_rig("r2000", odd, tmp_path, options=OPTIONS) as rig:
        uid = rig.place(1)
        next(rig.pad.events())

        with pytest.raises(CommandRefused, match=reason):
            rig.pad.read_afi(uid)


def test_fewer_words_than_asked_are_a_refusal(tmp_path: Path) -> None:
    tag = MODELS[0].make(1, IN_STOCK)
    reply = TagReply(1, tag.pc, tag.epc, b"\0\0", b"\5\6").encode_read()
    with uhf_rig("r2000", Odd(Command.READ, reply), tmp_path, options=OPTIONS) as rig:
        uid = rig.place(1)
        next(rig.pad.events())

        with pytest.raises(CommandRefused, match="gave 0506"):
            rig.pad.read_afi(uid)


def test_a_sight_that_makes_no_sense_does_not_hide_the_others(tmp_path: Path) -> None:
    class Stuttering(R2000Emulator):
        """Begins each round with a tag whose PC and EPC contradict each other."""

        def _inventory(self, content: bytes) -> Iterator[bytes]:
            yield bytes.fromhex("0430001122334445")
            yield from super()._inventory(content)

    with uhf_rig("r2000", Stuttering(), tmp_path, options=OPTIONS) as rig:
        uid = rig.place(1)

        assert list(read_all(rig, 1)) == [uid]
